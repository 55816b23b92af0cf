// @ts-nocheck
// Places boxes in ranks and draws the edges between, for a part of a graph that was opened. `sizes` are [width, height],
// `edges` pairs of their places; nodes in `late` stand just before their successor. Gives the picture's size, the centres, and the edges' paths.
export function layered(sizes, edges, across, late = []) {
  const turned = across ? sizes.map(([wide, high]) => [high, wide]) : sizes
  const { rank, links } = ranks(turned.length, edges, late)
  const { layers, ways, nodes } = withBends(turned, rank, links)
  untangle(layers)
  const wide = spread(layers)
  let high = 0
  for (const layer of layers) {
    const tall = Math.max(...layer.map((node) => node.high))
    for (const node of layer) Object.assign(node, { y: high + tall / 2, top: high, bottom: high + tall })
    high += tall + RANK_GAP
  }
  high -= RANK_GAP
  const point = across ? ({ x, y }) => [y, x] : ({ x, y }) => [x, y]
  const paths = ways.map((way) => curve(way, across))
  const centres = turned.map((_, place) => point(nodes[place]))
  return across ? { wide: high, high: wide, centres, paths } : { wide, high, centres, paths }
}

const RANK_GAP = 30
const NODE_GAP = 16

// Each node's rank: one more than its predecessors'. Edges that close a cycle are turned round.
function ranks(count, edges, late) {
  const after = Array.from({ length: count }, () => [])
  const waiting = Array(count).fill(0)
  for (const [a, b] of edges) {
    if (a === b) continue
    after[a].push(b)
    waiting[b]++
  }
  const order = [],
    placed = Array(count).fill(-1),
    ready = []
  for (let i = 0; i < count; i++) if (!waiting[i]) ready.push(i)
  let next = 0
  while (order.length < count) {
    if (!ready.length) {
      while (placed[next] >= 0) next++
      ready.push(next)
    }
    const node = ready.shift()
    if (placed[node] >= 0) continue
    placed[node] = order.push(node) - 1
    for (const other of after[node]) if (--waiting[other] === 0) ready.push(other)
  }
  const links = edges.map(([a, b]) => (placed[a] <= placed[b] ? { from: a, to: b } : { from: b, to: a, turned: true }))
  const rank = Array(count).fill(0),
    first = Array(count).fill(Infinity),
    fed = Array(count).fill(false)
  const outgoing = Array.from({ length: count }, () => [])
  for (const { from, to } of links) if (from !== to) outgoing[from].push(to)
  for (const node of order) for (const other of outgoing[node]) rank[other] = Math.max(rank[other], rank[node] + 1)
  for (const { from, to } of links) {
    if (from === to) continue
    fed[to] = true
    first[from] = Math.min(first[from], rank[to])
  }
  for (let i = 0; i < count; i++) if ((!fed[i] || late.includes(i)) && first[i] < Infinity) rank[i] = first[i] - 1
  return { rank, links }
}

// The layers of nodes, with a bend in each layer that an edge passes; and each edge's way through them.
function withBends(sizes, rank, links) {
  const nodes = sizes.map(([wide, high]) => ({ wide, high, up: [], down: [] }))
  const layers = Array.from({ length: Math.max(0, ...rank) + 1 }, () => [])
  for (const [place, node] of nodes.entries()) layers[rank[place]].push(node)
  const ways = links.map(({ from, to, turned }) => {
    const way = [nodes[from]]
    for (let r = rank[from] + 1; r < rank[to]; r++) {
      const bend = { wide: 4, high: 0, up: [], down: [], bend: true }
      layers[r].push(bend)
      way.push(bend)
    }
    way.push(nodes[to])
    for (let i = 1; i < way.length; i++) {
      way[i - 1].down.push(way[i])
      way[i].up.push(way[i - 1])
    }
    return { way, turned }
  })
  return { layers, ways, nodes }
}

// Orders each layer by where its neighbours stand, down and up again.
function untangle(layers) {
  for (const layer of layers) spreadEvenly(layer)
  for (let turn = 0; turn < 12; turn++) {
    const side = turn % 2 ? "down" : "up"
    for (const layer of turn % 2 ? [...layers].reverse() : layers) {
      for (const node of layer) {
        const near = node[side]
        node.key = near.length ? near.reduce((sum, other) => sum + other.place, 0) / near.length : node.place
      }
      layer.sort((a, b) => a.key - b.key)
      spreadEvenly(layer)
    }
  }
}

function spreadEvenly(layer) {
  for (const [place, node] of layer.entries()) node.place = (place + 0.5) / layer.length
}

// Places along the layers, as near to the neighbours as the order allows. Gives the width.
function spread(layers) {
  for (const layer of layers) {
    let x = 0
    for (const node of layer) {
      node.x = x + node.wide / 2
      x += node.wide + NODE_GAP
    }
  }
  for (let turn = 0; turn < 16; turn++) {
    const sides = [["up"], ["down"], ["up", "down"]][turn % 3]
    for (const layer of turn % 3 === 1 ? [...layers].reverse() : layers) {
      let offset = 0
      const blocks = []
      layer.forEach((node, place) => {
        offset += place ? (layer[place - 1].wide + node.wide) / 2 + NODE_GAP : 0
        const near = sides.flatMap((side) => node[side])
        const wish = near.length ? near.reduce((sum, other) => sum + other.x, 0) / near.length : node.x
        let block = { sum: (wish - offset) * (node.bend ? 3 : 1), weight: node.bend ? 3 : 1, members: [[node, offset]] }
        // Nodes that wish for each other's place move as one.
        while (blocks.length && blocks.at(-1).sum / blocks.at(-1).weight > block.sum / block.weight) {
          const before = blocks.pop()
          block = {
            sum: before.sum + block.sum,
            weight: before.weight + block.weight,
            members: [...before.members, ...block.members],
          }
        }
        blocks.push(block)
      })
      for (const { sum, weight, members } of blocks) for (const [node, at] of members) node.x = sum / weight + at
    }
  }
  const all = layers.flat()
  const left = Math.min(...all.map((node) => node.x - node.wide / 2))
  for (const node of all) node.x -= left
  return Math.max(...all.map((node) => node.x + node.wide / 2))
}

// An edge's path, with an open arrowhead at its end.
function curve({ way, turned }, across) {
  const first = way[0],
    last = way.at(-1)
  const port = (node, others, other) => {
    const sorted = [...others].sort((a, b) => a.x - b.x)
    const step = Math.min(14, (node.wide * 0.6) / sorted.length)
    return node.x + (sorted.indexOf(other) - (sorted.length - 1) / 2) * step
  }
  const points = [[first.x, first.y + first.high / 2, first.bottom]]
  for (const bend of way.slice(1, -1)) points.push([bend.x, bend.top, bend.bottom])
  const end = [port(last, last.up, way.at(-2)), last.y - last.high / 2, last.top]
  points.push([end[0], last.top, end[1]])
  const say = (x, y) => (across ? `${y.toFixed(1)} ${x.toFixed(1)}` : `${x.toFixed(1)} ${y.toFixed(1)}`)
  let path = `M${say(points[0][0], points[0][1])}L${say(points[0][0], points[0][2])}`
  for (let i = 1; i < points.length; i++) {
    const [x0, , y0] = points[i - 1],
      [x, y, leave] = points[i]
    const half = (y0 + y) / 2
    path += `C${say(x0, half)} ${say(x, half)} ${say(x, y)}L${say(x, leave)}`
  }
  const [x, y] = turned ? points[0] : [end[0], end[1]],
    away = turned ? 6 : -6
  return `${path}M${say(x - 3.6, y + away)}L${say(x, y)}L${say(x + 3.6, y + away)}`
}
