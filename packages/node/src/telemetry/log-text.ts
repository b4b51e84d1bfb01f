/** One line of the JSON log as text for a terminal. */

const colours: Readonly<Record<string, string>> = {
  trace: '\u001b[90m',
  debug: '\u001b[90m',
  info: '\u001b[32m',
  warn: '\u001b[33m',
  error: '\u001b[31m',
  fatal: '\u001b[31m'
}
const plain = '\u001b[0m'
const shownLengthMax = 400

/**
 * `12:34:56.789 info  store   flushed  seconds=0.01`; returns the input when it is not a line of the log.
 * Facts are quoted when they hold anything but plain characters, so that what a stranger sent cannot draw on the terminal.
 */
export function textOfLine(line: string, isColoured: boolean): string {
  let fields: Record<string, unknown> | null
  try {
    fields = JSON.parse(line) as Record<string, unknown> | null
  } catch {
    return line
  }
  if (typeof fields !== 'object' || fields === null || Array.isArray(fields)) return line
  const { level, time, module, event, ...facts } = fields
  const name = String(level)
  const shownLevel = name.padEnd(5)
  const colour = isColoured ? (colours[name] ?? '') : ''
  const head = [
    clockOf(time),
    colour === '' ? shownLevel : `${colour}${shownLevel}${plain}`,
    String(module ?? '').padEnd(9),
    String(event ?? '')
  ]
  const rest = Object.entries(facts).map(([key, value]) => `${key}=${show(value)}`)
  return `${[...head, ...rest].join(' ').trimEnd()}\n`
}

function clockOf(time: unknown): string {
  const date = new Date(typeof time === 'number' ? time : Number.NaN)
  return Number.isNaN(date.getTime()) ? '--:--:--.---' : date.toISOString().slice(11, 23)
}

function show(value: unknown): string {
  const text = typeof value === 'string' ? value : (JSON.stringify(value) ?? 'undefined')
  const cut = text.length > shownLengthMax ? `${text.slice(0, shownLengthMax)}…` : text
  return /^[\w.:/@+,%…-]+$/.test(cut)
    ? cut
    : escaped(typeof value === 'string' ? JSON.stringify(cut) : cut)
}

/** JSON leaves the C1 controls and DEL as they are; terminals do not. */
function escaped(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is taken out
  return text.replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]/g, found => {
    return `\\u${found.charCodeAt(0).toString(16).padStart(4, '0')}`
  })
}
