export { type LyingMeshNeeds, lyingMesh } from './lying-mesh.ts'
export { checkMisdeeds, type Misdeed, misdeedNames } from './misdeed.ts'
