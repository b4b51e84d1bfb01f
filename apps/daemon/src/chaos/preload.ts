/**
 * Modules that are loaded into a daemon before it is, by a flag of Node: the daemon itself knows of none of it. Each looks at
 * a file that the test writes while the daemon runs, and changes what the system seems to say.
 */

const lookMs = 20

/**
 * A clock that is wrong by as many milliseconds as the file says. As on a real machine, the time of day follows at once, and
 * the monotonic clock is off by what was said when the process began.
 */
export function clockSkewFlags(file: string): readonly string[] {
  return importFlags(`
    import { readFileSync } from 'node:fs'
    import { performance } from 'node:perf_hooks'
    let skewMs = 0
    const look = () => {
      try { skewMs = Number(readFileSync(${JSON.stringify(file)}, 'utf8')) || 0 } catch { skewMs = 0 }
    }
    look()
    setInterval(look, ${lookMs}).unref()
    const RealDate = Date
    const realNow = Date.now
    class SkewedDate extends RealDate {
      constructor(...given) { if (given.length === 0) super(realNow() + skewMs); else super(...given) }
      static now() { return realNow() + skewMs }
    }
    globalThis.Date = SkewedDate
    const timeOrigin = performance.timeOrigin + skewMs
    Object.defineProperty(performance, 'timeOrigin', { get: () => timeOrigin })
  `)
}

/**
 * A disk whose flushes take as many milliseconds longer as the file says: those that are asked for, and those that come with every
 * write to a file that was opened to be written through.
 */
export function slowSyncFlags(file: string): readonly string[] {
  return importFlags(`
    import fs from 'node:fs'
    import { syncBuiltinESMExports } from 'node:module'
    import { promisify } from 'node:util'
    const lateMs = () => {
      try { return Number(fs.readFileSync(${JSON.stringify(file)}, 'utf8')) || 0 } catch { return 0 }
    }
    const wait = new Int32Array(new SharedArrayBuffer(4))
    for (const name of ['fsync', 'fdatasync']) {
      const later = fs[name]
      fs[name] = (fd, done) => later(fd, error => setTimeout(done, lateMs(), error))
      const atOnce = fs[name + 'Sync']
      fs[name + 'Sync'] = fd => {
        atOnce(fd)
        const ms = lateMs()
        if (ms > 0) Atomics.wait(wait, 0, 0, ms)
      }
    }
    const through = new Set()
    const { openSync, closeSync, write, writeSync } = fs
    fs.openSync = (path, flags, mode) => {
      const fd = openSync(path, flags, mode)
      if (typeof flags === 'number' && (flags & fs.constants.O_DSYNC) !== 0) through.add(fd)
      return fd
    }
    fs.closeSync = fd => {
      through.delete(fd)
      closeSync(fd)
    }
    fs.writeSync = (fd, ...given) => {
      const count = writeSync(fd, ...given)
      const ms = through.has(fd) ? lateMs() : 0
      if (ms > 0) Atomics.wait(wait, 0, 0, ms)
      return count
    }
    fs.write = (fd, ...given) => {
      const done = given.pop()
      const ms = through.has(fd) ? lateMs() : 0
      write(fd, ...given, ms === 0 ? done : (...found) => setTimeout(done, ms, ...found))
    }
    fs.write[promisify.custom] = (fd, ...given) => new Promise((resolve, reject) => {
      fs.write(fd, ...given, (error, bytesWritten, buffer) =>
        error ? reject(error) : resolve({ bytesWritten, buffer }))
    })
    syncBuiltinESMExports()
  `)
}

function importFlags(source: string): readonly string[] {
  return ['--import', `data:text/javascript,${encodeURIComponent(source)}`]
}
