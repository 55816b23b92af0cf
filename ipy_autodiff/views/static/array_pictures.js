// Each element as a point with its error bar; those that differ, and lie off the line, are crosses.
PICTURES.points = ({ values: [numerical, backprop, sigma] }, says) => {
  const all = [0, ...numerical, ...backprop]
  const { svg, path, toX, toY } = plot(all, all, says.numerical, says.backprop, 0)
  path("ad-numerical", [Math.min(...all), Math.max(...all)].map((end, index) => `${index ? "L" : "M"}${toX(end)} ${toY(end)}`).join(""))
  numerical.forEach((truth, index) => {
    const x = toX(truth), y = toY(backprop[index]), far = 10 * sigma[index]
    path("ad-bound", `M${toX(truth - far)} ${y}H${toX(truth + far)}`)
    if (Math.abs(backprop[index] - truth) > far + 1e-5 * Math.abs(truth)) path("ad-fail", `M${x - 4} ${y - 4}l8 8m0-8l-8 8`)
    else path("ad-pass ad-dots", `M${x} ${y}h0`)
  })
  return svg
}

// The difference over its uncertainty in the array's shape: letters from `a`, far below, over `e`, none, to `i`.
PICTURES.heat = ({ cells }) => {
  const side = Math.min(26, 330 / cells[0].length, 190 / cells.length), high = cells.length * side
  const svg = svgElement("svg", { viewBox: `0 0 360 ${high + 44}`, "aria-hidden": true })
  const cell = (x, y, width, height, letter) => {
    svg.append(svgElement("rect", { x, y, width, height, class: letter === "." ? "ad-unknown" : `ad-heat-${letter}` }))
    const cx = x + width / 2, cy = y + height / 2, r = height / 6
    if (height > 7 && "abcghi".includes(letter)) svg.append(svgElement("path", { class: "ad-cross", d: `M${cx - r} ${cy - r}l${2 * r} ${2 * r}m0 ${-2 * r}l${-2 * r} ${2 * r}` }))
  }
  cells.forEach((line, row) => [...line].forEach((letter, column) => cell(15 + column * side, 2 + row * side, side, side, letter)))
  ;[..."abcdefghi"].forEach((letter, index) => cell(15 + index * 34, high + 14, 34, 10, letter))
  const bar = ["−1e6", "−1e3", "−10", "−1", "1", "10", "1e3", "1e6", "σ"]
  bar.forEach((text, index) => svg.append(svgElement("text", { x: 49 + index * 34, y: high + 38, "text-anchor": "middle" }, text)))
  return svg
}
