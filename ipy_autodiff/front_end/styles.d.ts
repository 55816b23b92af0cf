// A style, as one text.
declare module "*.css" {
  const style: string
  export default style
}
