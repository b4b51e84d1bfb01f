import { parentPort, workerData } from 'node:worker_threads'
import { makeSeedRunner, type SeedRunnerOptions } from './seed-run.ts'

/** A thread that runs the seeds it is sent, and answers each with its result. */
const run = await makeSeedRunner(workerData as SeedRunnerOptions)
parentPort?.on('message', (seed: number) => parentPort?.postMessage(run(seed)))
