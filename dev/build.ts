import { bundleWorkflowCode } from '@temporalio/worker'
import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { glob, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { lock } from 'proper-lockfile'

const root = fileURLToPath(new URL('..', import.meta.url))
const dist = join(root, 'dist')
const stampFile = join(dist, 'built-from.txt')

/**
 * Builds `dist/`: the compiled program, and the workflow code as one file, so that a Worker starts without a bundler.
 * Does nothing if the sources have not changed. Concurrent builds wait for one.
 *
 * @returns whether it has built anything
 * @throws Error with the output of the compiler or the bundler
 */
export async function build(): Promise<boolean> {
  const release = await lock(join(root, 'package.json'), {
    retries: { retries: 120, factor: 1, minTimeout: 500 },
  })
  try {
    const stamp = await stampOfSources()
    if ((await readFile(stampFile, 'utf8').catch(() => '')) === stamp) return false
    await buildInto(join(root, 'dist.partial'), stamp)
    return true
  } finally {
    await release()
  }
}

/** Builds in another directory and renames it, so that `dist/` is always complete. */
async function buildInto(directory: string, stamp: string): Promise<void> {
  await rm(directory, { recursive: true, force: true })
  await mkdir(directory)
  await Promise.all([compile(directory), bundleWorkflows(directory)])
  await writeFile(join(directory, 'built-from.txt'), stamp)
  await rm(dist, { recursive: true, force: true })
  await rename(directory, dist)
}

async function compile(directory: string): Promise<void> {
  const compiler = join(root, 'node_modules', 'typescript', 'bin', 'tsc')
  const args = [compiler, '-p', 'tsconfig.build.json', '--outDir', directory]
  try {
    await promisify(execFile)(process.execPath, args, { cwd: root })
  } catch (error) {
    const output = error instanceof Error && 'stdout' in error ? String(error.stdout) : String(error)
    throw new Error(`the compiler refuses the sources:\n${output}`, { cause: error })
  }
}

/** Two bundles, so that workflows contain OpenTelemetry only if traces are configured. */
async function bundleWorkflows(directory: string): Promise<void> {
  const spans = createRequire(import.meta.url).resolve(
    '@temporalio/interceptors-opentelemetry/lib/workflow-interceptors.js',
  )
  const plain = await bundleWith([])
  const traced = await bundleWith([spans])
  await writeFile(join(directory, 'workflow-bundle.js'), plain)
  await writeFile(join(directory, 'workflow-bundle-traced.js'), traced)
}

async function bundleWith(workflowInterceptorModules: string[]): Promise<string> {
  const sources = join(root, 'src', 'workflows')
  const workflowsPath = join(sources, 'index.ts')
  const payloadConverterPath = join(sources, 'payload-converter.ts')
  const { code } = await bundleWorkflowCode({
    workflowsPath,
    payloadConverterPath,
    workflowInterceptorModules,
    // Evaluated once, and not for each run: they keep no state outside of functions. Interceptors expect a run.
    preloadModules: [workflowsPath, payloadConverterPath],
    logger: silent,
    // Stack traces in histories contain these names, which must not reveal the build directory.
    webpackConfigHook: (config) => ({
      ...config,
      output: {
        ...config.output,
        devtoolModuleFilenameTemplate: ({ absoluteResourcePath }: { absoluteResourcePath: string }) =>
          relative(root, absoluteResourcePath),
      },
    }),
  })
  return code
}

const silent = { log() {}, trace() {}, debug() {}, info() {}, warn() {}, error() {} }

async function stampOfSources(): Promise<string> {
  const files = ['package-lock.json', 'tsconfig.json', 'tsconfig.build.json']
  for await (const file of glob('src/**/*.ts', { cwd: root })) files.push(file)
  const hash = createHash('sha256')
  for (const file of files.toSorted()) hash.update(file).update(await readFile(join(root, file)))
  return hash.digest('hex')
}
