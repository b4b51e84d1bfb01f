// Runs under any Node: says in one line which Node was found when it is too old to go on with.
const needed = 24
const found = process.versions.node
if (Number(found.split('.')[0]) < needed) {
  console.error(
    `novacron needs Node ${needed} or newer, found ${found} at ${process.execPath}; ` +
      'on Linux x64 and arm64 "npm ci" brings one along, elsewhere install it and try again'
  )
  process.exit(1)
}
