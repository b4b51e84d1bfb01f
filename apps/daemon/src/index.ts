export { type ExitCode, exitCodes, type Io, type Output, type Program } from './io.ts'
export { run } from './run.ts'
