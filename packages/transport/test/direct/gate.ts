import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'

/** A TCP relay of which single connections can be broken, or silenced without a close. */
export class Gate implements AsyncDisposable {
  readonly #server: Server
  readonly #near: Socket[] = []
  #silent: Socket | undefined

  private constructor(server: Server) {
    this.#server = server
  }

  static async to(port: number): Promise<Gate> {
    const server = createServer()
    const gate = new Gate(server)
    server.on('connection', near => gate.#join(near, connect(port, '127.0.0.1')))
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
    return gate
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  /** All that ever came. */
  get connections(): number {
    return this.#near.length
  }

  breakLast(): void {
    this.#near.at(-1)?.resetAndDestroy()
  }

  silenceLast(): void {
    this.#silent = this.#near.at(-1)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const near of this.#near) near.destroy()
    await new Promise(resolve => this.#server.close(resolve))
  }

  #join(near: Socket, far: Socket): void {
    this.#near.push(near)
    for (const [from, to] of [
      [near, far],
      [far, near]
    ] as const) {
      from.on('data', bytes => {
        if (this.#silent !== near) to.write(bytes)
      })
      // A close follows.
      from.on('error', () => undefined)
      from.on('close', () => to.destroy())
    }
  }
}
