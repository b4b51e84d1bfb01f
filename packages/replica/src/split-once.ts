/** What stands before the first slash, and what after it: timers and tokens name their part first. */
export function splitOnce(text: string): [string, string] {
  const at = text.indexOf('/')
  return at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at + 1)]
}
