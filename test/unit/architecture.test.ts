import { describe, expect, it } from '@jest/globals'
import { bundleWorkflowCode } from '@temporalio/worker'
import { execFileSync } from 'node:child_process'
import { globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { builtinModules } from 'node:module'
import { dirname, join, normalize, relative } from 'node:path'
import { parseSync } from 'oxc-parser'

const root = join(import.meta.dirname, '..', '..')

/** Who may import what in `src`: docs/architecture.md shows the same table. */
interface Permission {
  /** Folders or files of `src`; those in `types` by `import type` only, those in `late` by `import()` only. */
  readonly src: readonly string[]
  readonly types?: readonly string[]
  readonly late?: readonly string[]
  readonly packages: readonly string[]
  /** By `import()` only, since they take long to load. */
  readonly latePackages?: readonly string[]
  readonly node: boolean
}

const permissions: Readonly<Record<string, Permission>> = {
  'main.ts': {
    src: ['command-line', 'config.ts', 'console/exit-code.ts'],
    late: ['commands/version.ts'],
    packages: [],
    node: false,
  },
  'command-line': {
    src: ['command-line', 'config.ts', 'domain'],
    types: ['commands'],
    late: ['commands', 'console'],
    packages: ['yargs'],
    node: false,
  },
  commands: {
    src: [
      'commands',
      'config.ts',
      'console',
      'domain',
      'activities',
      'kubernetes',
      'runtime-extension',
      'watcher',
      'workflows/contract.ts',
      'observability',
    ],
    packages: ['@temporalio/worker', '@temporalio/client', '@temporalio/envconfig', 'diff', 'yaml'],
    node: true,
  },
  // The analyses of the commands decide nothing but what they say: pure, as the domain is.
  'commands/doctor/checks': {
    src: ['commands/doctor/checks', 'domain'],
    types: ['kubernetes'],
    packages: [],
    node: false,
  },
  'commands/status/problems': {
    src: ['commands/status/problems', 'domain'],
    packages: [],
    node: false,
  },
  'commands/run/inventory': { src: ['commands/run/inventory', 'domain'], packages: [], node: false },
  console: { src: ['console'], types: ['config.ts'], packages: ['cli-table3', 'yaml'], node: true },
  'config.ts': { src: ['domain'], packages: [], node: true },
  domain: { src: ['domain'], packages: ['ipaddr.js'], node: false },
  workflows: {
    src: ['workflows', 'domain'],
    types: ['activities'],
    packages: ['@temporalio/workflow', '@temporalio/common'],
    node: false,
  },
  activities: {
    src: ['activities', 'domain', 'kubernetes/errors.ts', 'workflows/contract.ts'],
    types: ['kubernetes'],
    packages: ['@temporalio/activity', '@temporalio/common'],
    node: false,
  },
  kubernetes: {
    src: ['kubernetes', 'domain'],
    types: ['observability'],
    packages: ['js-yaml', 'undici'],
    latePackages: ['@kubernetes/client-node'],
    node: true,
  },
  watcher: {
    src: ['watcher', 'domain', 'workflows/contract.ts'],
    types: ['kubernetes', 'observability'],
    packages: ['@temporalio/client'],
    node: true,
  },
  'runtime-extension': {
    src: [
      'runtime-extension',
      'domain',
      'kubernetes/errors.ts',
      'kubernetes/transport/certificates.ts',
      'observability/http-server.ts',
    ],
    types: ['kubernetes', 'observability'],
    packages: [],
    node: true,
  },
  observability: {
    src: ['observability', 'domain'],
    types: ['activities', 'commands/run/inventory', 'kubernetes', 'runtime-extension', 'watcher'],
    packages: [
      'prom-client',
      'pino',
      'pino-pretty',
      '@opentelemetry/api',
      '@opentelemetry/exporter-trace-otlp-http',
      '@opentelemetry/resources',
      '@opentelemetry/sdk-trace-base',
      '@temporalio/interceptors-opentelemetry',
    ],
    node: true,
  },
}

interface Import {
  readonly specifier: string
  readonly how: 'value' | 'type' | 'late'
}

/** Every way to reach another module: import, export … from, import(). */
function importsIn(path: string, text: string): readonly Import[] {
  const { module, errors } = parseSync(path, text)
  if (errors.length > 0) throw new Error(`${path}: ${errors[0]?.message}`)
  const stated = module.staticImports.map(({ moduleRequest, entries }) => ({
    specifier: moduleRequest.value,
    how: entries.length > 0 && entries.every(({ isType }) => isType) ? ('type' as const) : ('value' as const),
  }))
  const passedOn = module.staticExports.flatMap(({ entries }) =>
    entries.flatMap(({ moduleRequest, isType }) =>
      moduleRequest === null
        ? []
        : [{ specifier: moduleRequest.value, how: isType ? ('type' as const) : ('value' as const) }],
    ),
  )
  const dynamic = module.dynamicImports.map(({ moduleRequest }) => ({
    specifier: text.slice(moduleRequest.start, moduleRequest.end).replaceAll(/['"`]/g, ''),
    how: 'late' as const,
  }))
  return [...stated, ...passedOn, ...dynamic]
}

/** The faults of one file, in words; none for a file that keeps the table. */
function faultsIn(path: string, text: string): readonly string[] {
  const permission = permissionOf(path)
  if (permission === undefined) return [`${path} has no row in the table`]
  return importsIn(path, text)
    .filter((each) => !isAllowed(path, each, permission))
    .map(({ specifier, how }) => `${path} may not import ${how === 'type' ? 'type ' : ''}${specifier}`)
}

/** The nearest folder that has a row. */
function placeOf(path: string): string | undefined {
  return Object.keys(permissions)
    .filter((each) => path === each || path.startsWith(`${each}/`))
    .toSorted((a, b) => b.length - a.length)[0]
}

function permissionOf(path: string): Permission | undefined {
  const place = placeOf(path)
  return place === undefined ? undefined : permissions[place]
}

function isAllowed(path: string, { specifier, how }: Import, permission: Permission): boolean {
  if (specifier.startsWith('.')) {
    const target = normalize(join(dirname(path), specifier))
    const within = (places: readonly string[]): boolean =>
      places.some((place) => target === place || target.startsWith(`${place}/`))
    return (
      within(permission.src) ||
      (how === 'type' && within(permission.types ?? [])) ||
      (how === 'late' && within(permission.late ?? []))
    )
  }
  if (specifier.startsWith('node:') || builtinModules.includes(specifier)) {
    return permission.node && specifier.startsWith('node:')
  }
  return (
    permission.packages.includes(specifier) ||
    (how === 'late' && (permission.latePackages ?? []).includes(specifier))
  )
}

const files = globSync('src/**/*.ts', { cwd: root }).map((file) => relative('src', file))

describe('the import table', () => {
  it.each(files.map((file) => [file]))('is kept by src/%s', (file) => {
    expect(faultsIn(file, readFileSync(join(root, 'src', file), 'utf8'))).toEqual([])
  })

  it.each([
    ['domain/x.ts', "import { readFileSync } from 'node:fs'", 'node:fs'],
    ['domain/x.ts', "import { Client } from '@temporalio/client'", '@temporalio/client'],
    [
      'domain/x.ts',
      "export { createLiveClusterApi } from '../kubernetes/client.ts'",
      '../kubernetes/client.ts',
    ],
    ['workflows/x.ts', "import { createActivities } from '../activities/index.ts'", '../activities/index.ts'],
    ['workflows/x.ts', "const x = await import('../kubernetes/client.ts')", '../kubernetes/client.ts'],
    ['workflows/x.ts', "import { createHash } from 'crypto'", 'crypto'],
    [
      'activities/x.ts',
      "import { createLiveClusterApi } from '../kubernetes/client.ts'",
      '../kubernetes/client.ts',
    ],
    ['watcher/x.ts', "import { KubeConfig } from '@kubernetes/client-node'", '@kubernetes/client-node'],
    ['watcher/x.ts', "import { runProgram } from '../commands/run/run.ts'", '../commands/run/run.ts'],
    ['kubernetes/x.ts', "import { parseInvocation } from '../main.ts'", '../main.ts'],
    ['kubernetes/x.ts', "import { KubeConfig } from '@kubernetes/client-node'", '@kubernetes/client-node'],
    ['command-line/x.ts', "import { runPlan } from '../commands/plan/plan.ts'", '../commands/plan/plan.ts'],
    ['console/x.ts', "import { runPlan } from '../commands/plan/plan.ts'", '../commands/plan/plan.ts'],
    ['main.ts', "const x = await import('./commands/plan/plan.ts')", './commands/plan/plan.ts'],
    ['commands/x.ts', "import { allocateVip } from '../workflows/index.ts'", '../workflows/index.ts'],
  ])('finds a leak planted in src/%s', (file, text, specifier) => {
    expect(faultsIn(file, text)).toEqual([`${file} may not import ${specifier}`])
  })

  it('lets a type pass where a value may not', () => {
    expect(faultsIn('workflows/x.ts', "import type { Activities } from '../activities/index.ts'")).toEqual([])
    expect(
      faultsIn('activities/x.ts', "import { type ClusterApi } from '../kubernetes/cluster-api.ts'"),
    ).toEqual([])
  })

  it('lets the program load a command only when it is to be run', () => {
    const loaded = new Set<string>()
    const load = (path: string): void => {
      if (loaded.has(path)) return
      loaded.add(path)
      for (const { specifier, how } of importsIn(path, readFileSync(join(root, 'src', path), 'utf8'))) {
        if (how === 'value' && specifier.startsWith('.')) load(normalize(join(dirname(path), specifier)))
        if (how === 'value' && !specifier.startsWith('.')) loaded.add(specifier)
      }
    }
    load('main.ts')
    const places = new Set([...loaded].map((path) => path.split('/')[0]))
    const expected = ['command-line', 'config.ts', 'console', 'domain', 'ipaddr.js', 'main.ts', 'yargs']
    expect(places).toEqual(new Set(expected))
  })

  it('loads OpenTelemetry for nobody who does not ask for traces', () => {
    const importers = files.flatMap((file) => {
      const imports = importsIn(file, readFileSync(join(root, 'src', file), 'utf8'))
      return imports
        .filter(({ specifier, how }) => specifier.endsWith('/tracing.ts') && how !== 'type')
        .map(({ how }) => [file, how])
    })
    expect(importers).toEqual([['commands/run/run.ts', 'late']])
  })

  it('gives only config.ts the environment', () => {
    const readers = files.filter((file) =>
      /process\.env\b/.test(readFileSync(join(root, 'src', file), 'utf8')),
    )
    expect(readers).toEqual(['main.ts'])
  })
})

describe('the folders of the table', () => {
  it('form no cycle, apart from five edges of types', () => {
    const onlyTypes = [
      'workflows → activities',
      'observability → activities',
      'observability → kubernetes',
      'observability → runtime-extension',
      'observability → watcher',
    ]
    const uses = files.flatMap((file) =>
      importsIn(file, readFileSync(join(root, 'src', file), 'utf8'))
        .filter(({ specifier }) => specifier.startsWith('.'))
        .map(({ specifier }) => [placeOf(file), placeOf(normalize(join(dirname(file), specifier)))])
        .filter(([from, to]) => from !== to && !onlyTypes.includes(`${from} → ${to}`)),
    )
    // A folder that uses none of the remaining ones is in no cycle.
    let left = uses
    for (let before = Number.POSITIVE_INFINITY; left.length < before;) {
      before = left.length
      const users = new Set(left.map(([from]) => from))
      left = left.filter(([, to]) => users.has(to))
    }
    expect(left).toEqual([])
  })
})

describe('the tables of roles and pool kinds', () => {
  /** Files of `src` in which one of these stands as a text of its own. */
  const namers = (...words: readonly string[]): readonly string[] =>
    files.filter((file) => {
      const text = readFileSync(join(root, 'src', file), 'utf8')
      return words.some((word) => text.includes(`'${word}'`))
    })

  it('are the only places that tell one role from another, but for the flags', () => {
    expect(namers('control-plane', 'ingress').toSorted()).toEqual(['config.ts', 'domain/role.ts'])
  })

  it('are the only places that name a kind of pool', () => {
    const namesAKind = /\b(Global)?InClusterIPPool\b|\b(global)?inclusterippools\b/
    const named = files.filter((file) => namesAKind.test(readFileSync(join(root, 'src', file), 'utf8')))
    expect(named).toEqual(['domain/model/pool-kinds.ts'])
  })
})

describe('the tests', () => {
  it('start allocators in one way only, which keeps them from the Clusters of other suites', () => {
    const starters = globSync('test/**/*.ts', { cwd: root }).filter((file) =>
      /import \{[^}]*\bstartAllocator\b[^}]*\} from '[^']*\/dev\/allocator\.ts'/.test(
        readFileSync(join(root, file), 'utf8'),
      ),
    )
    expect(starters).toEqual(['test/support/allocator.ts'])
  })
})

describe('the workflow bundle', () => {
  it('holds neither a client nor anything else that talks to the world', async () => {
    const { code } = await bundleWorkflowCode({
      workflowsPath: join(root, 'src', 'workflows', 'index.ts'),
      logger: { log() {}, trace() {}, debug() {}, info() {}, warn() {}, error() {} },
    })
    expect(code).toContain('selectIPPool')
    for (const foreign of [
      '@kubernetes/client-node',
      'undici',
      'src/kubernetes',
      'src/watcher',
      'prom-client',
    ]) {
      expect(code).not.toContain(foreign)
    }
  })
})

describe('the linter', () => {
  it('finds floating promises, also in the disguise of a callback, and cycles, also of types', () => {
    const folder = mkdtempSync(join(root, 'test', 'planted-'))
    try {
      const planted = [
        "import type { B } from './other.ts'",
        'export interface A { readonly b?: B }',
        'export async function save(): Promise<void> {}',
        'export function first(): void { save() }',
        'export function second(): void { [1].forEach(async () => { await save() }) }',
      ]
      writeFileSync(join(folder, 'planted.ts'), `${planted.join('\n')}\n`)
      const other = ["import type { A } from './planted.ts'", 'export interface B { readonly a?: A }']
      writeFileSync(join(folder, 'other.ts'), `${other.join('\n')}\n`)
      const output = lint(folder)
      expect(output).toContain('no-floating-promises')
      expect(output).toContain('no-misused-promises')
      expect(output).toContain('no-cycle')
    } finally {
      rmSync(folder, { recursive: true })
    }
  })
})

/** What the linter says of a folder that has faults. */
function lint(folder: string): string {
  try {
    const args = [join(root, 'node_modules', 'oxlint', 'bin', 'oxlint'), folder]
    return execFileSync(process.execPath, args, { cwd: root, encoding: 'utf8' })
  } catch (error) {
    return String((error as { stdout?: string }).stdout)
  }
}
