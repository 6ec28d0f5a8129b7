import { describe, expect, it } from '@jest/globals'
import { existsSync, globSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { parse } from 'yaml'
import { commands } from '../../src/command-line/commands.ts'
import { completionCommand } from '../../src/command-line/parser.ts'
import { allocatorCommands, environmentVariableFor, flags } from '../../src/config.ts'
import { exitCodes } from '../../src/console/exit-code.ts'
import { checkNames } from '../../src/commands/doctor/checks/check-result.ts'
import { clusterClassKeys, clusterKeys, poolKeys } from '../../src/commands/doctor/checks/unknown-keys.ts'
import { problemKinds } from '../../src/commands/status/problems/problem.ts'
import { vipPhases } from '../../src/domain/allocation/vip-state.ts'
import * as identifiers from '../../src/domain/names.ts'
import { reasons } from '../../src/domain/reason.ts'
import { roleSpecs } from '../../src/domain/role.ts'
import { cliTypeOf, searchAttributeNames, searchAttributes } from '../../src/domain/search-attributes.ts'
import { logFieldNames } from '../../src/observability/log.ts'
import {
  allocateVipType,
  retryNowUpdate,
  statusQuery,
  wakeSignal,
  workflowIdFor,
} from '../../src/workflows/contract.ts'
import { headingAnchor } from '../support/heading-anchor.ts'

const root = join(import.meta.dirname, '..', '..')
const pages = globSync('{*.md,docs/**/*.md,deploy/**/*.md}', { cwd: root }).toSorted()

function textOf(path: string): string {
  return readFileSync(join(root, path), 'utf8')
}

interface Manifest {
  readonly version: string
  readonly scripts: Readonly<Record<string, string>>
  readonly dependencies: Readonly<Record<string, string>>
  readonly devDependencies: Readonly<Record<string, string>>
}

const manifest = JSON.parse(textOf('package.json')) as Manifest

/** The rows of the table whose first heading is the given one; cells without their quotes. */
/** @param section the text of the heading before the table, if several tables have such a first column */
function rowsOf(page: string, heading: string, section?: string): readonly (readonly string[])[] {
  const all = textOf(page).split('\n')
  const lines = all.slice(section === undefined ? 0 : all.indexOf(`### ${section}`))
  const start = lines.findIndex((line) => line.startsWith('|') && cellsOf(line)[0] === heading)
  if (start === -1) throw new Error(`${page} has no table with the heading "${heading}"`)
  const rows = lines.slice(start + 2)
  const end = rows.findIndex((line) => !line.startsWith('|'))
  return rows.slice(0, end === -1 ? undefined : end).map(cellsOf)
}

function cellsOf(line: string): readonly string[] {
  return line
    .split('|')
    .slice(1, -1)
    .map((cell) => cell.trim().replaceAll('`', ''))
}

/** Fenced blocks of a language, each with the text before it. */
function blocksOf(
  page: string,
  language: string,
): readonly { readonly before: string; readonly text: string }[] {
  const text = textOf(page)
  return [...text.matchAll(new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\`$`, 'gms'))].map((block) => ({
    before: text.slice(0, block.index),
    text: block[1] ?? '',
  }))
}

/** Without fenced blocks, in which a link or a heading is none. */
function proseOf(page: string): string {
  return textOf(page).replaceAll(/^```.*?^```$/gms, '')
}

/** The anchors of a page's headings. */
function anchorsOf(page: string): readonly string[] {
  return [...proseOf(page).matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) => headingAnchor(heading))
}

describe('the flags', () => {
  const known = flags.map((flag) => [
    `--${flag.name}`,
    environmentVariableFor(flag.name),
    'fallback' in flag ? flag.fallback : 'none',
  ])

  it('in docs/configuration.md are the ones of the program', () => {
    expect(rowsOf('docs/configuration.md', 'flag').map((row) => row.slice(0, 3))).toEqual(known)
  })

  it('in docs/configuration.md go with its commands', () => {
    expect(textOf('docs/configuration.md')).toContain(
      `capi-vip-allocator [${allocatorCommands.join(' | ')}] [FLAGS]`,
    )
  })
})

describe('the labels and annotations', () => {
  const ours = [
    ...Object.values(identifiers),
    ...Object.values(roleSpecs).flatMap((spec) => Object.values(spec)),
  ]
    .map(String)
    .filter((value) => value.startsWith('vip.capi.gorizond.io/'))

  it('in docs/configuration.md are all there are', () => {
    for (const name of ours) expect(textOf('docs/configuration.md')).toContain(`\`${name}\``)
  })

  it.each([
    ['On a pool', poolKeys],
    ['On a Cluster', clusterKeys],
    ['On a ClusterClass', clusterClassKeys],
  ])('in the table %s are those that doctor knows there', (section, known) => {
    const rows = rowsOf('docs/configuration.md', 'name', section)
    const named = (kind: string): readonly string[] =>
      rows
        .filter(([name = '', as]) => name.startsWith('vip.capi.gorizond.io/') && as === kind)
        .map(([name = '']) => name)
        .toSorted()
    expect(named('label')).toEqual(known.labels.toSorted())
    expect(named('annotation')).toEqual(known.annotations.toSorted())
  })

  it.each(pages.map((page) => [page]))('in %s are ones of the program', (page) => {
    const named = [...textOf(page).matchAll(/vip\.capi\.gorizond\.io\/[\w-]+/g)].map(([name]) => name)
    expect(ours).toEqual(expect.arrayContaining(named))
  })
})

describe('docs/commands.md', () => {
  it('has a row for every command', () => {
    expect(rowsOf('docs/commands.md', 'command').map(([name]) => name)).toEqual([
      ...commands.map(({ name }) => name),
      completionCommand,
    ])
  })

  it('has a row for every check of doctor', () => {
    expect(rowsOf('docs/commands.md', 'check').map(([name]) => name)).toEqual(checkNames)
  })

  it('says what every phase and every finding means', () => {
    expect(rowsOf('docs/commands.md', 'phase').map(([phase]) => phase)).toEqual(vipPhases)
    expect(rowsOf('docs/commands.md', 'finding').map(([kind]) => kind)).toEqual(problemKinds)
  })

  it('says what every exit code means', () => {
    const named = rowsOf('docs/commands.md', 'code').map(([code]) => Number(code))
    expect(named).toEqual(Object.values(exitCodes))
  })

  it('starts a run by hand as the watcher would', () => {
    const cluster = { namespace: 'clusters', name: 'demo-cluster' }
    const id = workflowIdFor(cluster)
    const input = `--input '${JSON.stringify(cluster)}'`
    const script = blocksOf('docs/commands.md', 'bash')
      .map(({ text }) => text.replaceAll('\\\n  ', ''))
      .join('\n')
    const queue = identifiers.defaultTaskQueue
    for (const line of [
      `tctl --ns default workflow run --taskqueue ${queue} --workflow_type ${allocateVipType} --workflow_id ${id} ${input}`,
      `temporal workflow execute --task-queue ${queue} --type ${allocateVipType} --workflow-id ${id} ${input}`,
      `temporal workflow query -w ${id} --name ${statusQuery}`,
      `temporal workflow signal -w ${id} --name ${wakeSignal} `,
      `temporal workflow update execute -w ${id} --name ${retryNowUpdate}`,
    ]) {
      expect(script).toContain(line)
    }
  })
})

describe('docs/configuration.md', () => {
  it('names reasons of the closed list', () => {
    const named = rowsOf('docs/configuration.md', 'reason').map(([reason]) => reason)
    expect(named.filter((name) => !reasons.some((reason) => reason === name))).toEqual([])
  })

  it('names every search attribute with its type', () => {
    expect(rowsOf('docs/configuration.md', 'search attribute').map((row) => row.slice(0, 2))).toEqual(
      searchAttributeNames.map((name) => [name, cliTypeOf(searchAttributes[name])]),
    )
  })

  it('names the server setting that is in deploy', () => {
    const [setting = ''] = Object.keys(parse(textOf('deploy/temporal/dynamic-config.yaml')) as object)
    expect(textOf('docs/configuration.md')).toContain(`\`${setting}\``)
  })

  it('names the fields that log lines have', () => {
    expect(rowsOf('docs/configuration.md', 'field').map(([name]) => name)).toEqual([...logFieldNames])
  })
})

describe('README.md', () => {
  const snippets = blocksOf('README.md', 'yaml').map(({ before, text }) => ({
    file: [...before.matchAll(/\]\((examples\/[^)]+)\)/g)].at(-1)?.[1] ?? '',
    text,
  }))

  it('shows the pool and the Cluster in both API versions', () => {
    expect(snippets.map(({ file }) => file)).toEqual([
      'examples/ip-pool.yaml',
      'examples/cluster-v1beta2.yaml',
      'examples/cluster-v1beta1.yaml',
    ])
  })

  it.each(snippets.map(({ file, text }) => [file, text]))('shows %s as it is', (file, text) => {
    expect(parse(text)).toEqual(parse(textOf(file)))
  })

  it('gives the two commands to begin with', () => {
    expect(textOf('README.md')).toContain('npm ci && npm run demo')
    expect(textOf('README.md')).toContain('`npm test`')
  })
})

describe('the versions of Cluster API core that the stack runs', () => {
  const [newest, before] = ['cluster-api-core', 'cluster-api-core-1.13'].map((name) => {
    const goMod = textOf(`dev/go/${name}/go.mod`)
    return /^require sigs\.k8s\.io\/cluster-api v(\S+)/m.exec(goMod)?.[1] ?? ''
  })

  it('are named in README.md', () => {
    const text = `The demo and the tests run Cluster API core ${newest}, and a smaller set of tests ${before}:`
    expect(textOf('README.md')).toContain(text)
  })

  it('are named in docs/reliability.md', () => {
    expect(textOf('docs/reliability.md')).toContain(
      `The tests run Cluster API core ${newest}, and those of this table ${before}.`,
    )
  })
})

describe('docs/architecture.md', () => {
  const rows = new Map(rowsOf('docs/architecture.md', 'from').map(([from = '', ...cells]) => [from, cells]))
  const places = readdirSync(join(root, 'src'), { withFileTypes: true })
    // The architecture test, which may run at the same time, plants a folder of faults.
    .filter((entry) => !entry.name.startsWith('planted-'))
    .map((entry) => (entry.isDirectory() ? `${entry.name}/` : entry.name))

  it('has a row of the import table for each place in src', () => {
    expect([...rows.keys()].toSorted()).toEqual(places.toSorted())
  })

  it.each(places.map((place) => [place]))('allows the packages that src/%s imports', (place) => {
    const files = place.endsWith('/') ? globSync(`src/${place}**/*.ts`, { cwd: root }) : [`src/${place}`]
    const imported = files.flatMap((file) =>
      [...textOf(file).matchAll(/ from '([^'.][^']*)'/g)].map(([, name = '']) => name),
    )
    const [, packages = '', node] = rows.get(place) ?? []
    const allowed = packages.split(', ')
    expect(imported.filter((name) => !name.startsWith('node:') && !allowed.includes(name))).toEqual([])
    expect(imported.some((name) => name.startsWith('node:')) && node !== 'yes').toBe(false)
  })
})

describe('docs/README.md', () => {
  it.each(
    pages.filter((page) => /^docs\/[^/]+$/.test(page) && page !== 'docs/README.md').map((page) => [page]),
  )('leads to %s', (page) => {
    expect(textOf('docs/README.md')).toContain(`](${page.replace('docs/', '')}`)
  })

  it('leads to every decision through their index', () => {
    const decisions = globSync('docs/decisions/*-*.md', { cwd: root }).map(
      (path) => path.split('/').at(-1) ?? '',
    )
    const listed = [...textOf('docs/decisions/README.md').matchAll(/^- \[.+?\]\((.+?)\)/gm)].map(
      ([, link]) => link,
    )
    expect(textOf('docs/README.md')).toContain('](decisions/README.md)')
    expect(listed).toEqual(decisions.toSorted())
  })
})

describe('docs/concepts.md', () => {
  it('has a row for every state of ownership', () => {
    const source = textOf('src/domain/allocation/vip-ownership.ts')
    const states = [...source.matchAll(/^ +\| \{ readonly state: '(\w+)'/gm)].map(([, state]) => state)
    expect(states.length).toBeGreaterThan(0)
    expect(rowsOf('docs/concepts.md', 'state').map(([state]) => state)).toEqual(states)
  })
})

describe('CONTRIBUTING.md', () => {
  const named = rowsOf('CONTRIBUTING.md', 'package').flatMap(([packages = '']) => packages.split(', '))

  it('says why each package is there that the program runs with', () => {
    expect(named).toEqual(expect.arrayContaining(Object.keys(manifest.dependencies)))
  })

  it.each(
    ['dev', 'test'].flatMap((place) =>
      readdirSync(join(root, place), { withFileTypes: true })
        .filter((entry) => entry.isDirectory() && !entry.name.startsWith('planted-'))
        .map(({ name }) => [place, name]),
    ),
  )('has %s/%s in its tree', (place, name) => {
    const tree = blocksOf('CONTRIBUTING.md', '').find(({ text }) => text.includes(`\n${place}/\n`))?.text
    const [, folders = ''] = tree?.split(`\n${place}/\n`) ?? []
    expect(folders.split(/\n(?=\w)/)[0]).toMatch(new RegExp(`^  ${name}/ +\\S`, 'm'))
  })

  it('names every floor of the tests, with its script', () => {
    const floors = [...textOf('jest.config.js').matchAll(/displayName: '(\w+)'/g)].map(([, floor]) => floor)
    expect(rowsOf('CONTRIBUTING.md', 'floor').map(([floor, script]) => [floor, script])).toEqual(
      floors.map((floor) => [floor, `npm run test:${floor}`]),
    )
    for (const floor of floors) {
      expect(manifest.scripts[`test:${floor}`]).toMatch(new RegExp(`--selectProjects ${floor}\\b`))
    }
  })

  it('names no package that is gone', () => {
    const known = Object.keys({ ...manifest.dependencies, ...manifest.devDependencies })
    expect(known).toEqual(expect.arrayContaining(named))
  })
})

describe('CHANGELOG.md', () => {
  it('knows the version of package.json, released or to come', () => {
    const text = textOf('CHANGELOG.md')
    const { version } = manifest
    expect(text.includes(`## [${version}]`) || text.includes(`Will be ${version}:`)).toBe(true)
  })
})

describe('docs/images', () => {
  const images = globSync('docs/images/*', { cwd: root })

  it.each(images.map((image) => [image]))('has %s for a page, with words for who cannot see it', (image) => {
    const shown = pages.flatMap((page) =>
      [...textOf(page).matchAll(/!\[([^\]]*)\]\(([^)\s]+)\)/g)].map(([, words = '', link = '']) => ({
        words,
        path: join(dirname(page), link),
      })),
    )
    expect(shown.find(({ path }) => path === image)?.words).toMatch(/\w+ \w+ \w+/)
  })

  it.each(images.map((image) => [image]))('has %s in less than 200 KB', (image) => {
    expect(statSync(join(root, image)).size).toBeLessThan(200_000)
  })
})

describe.each(pages.map((page) => [page]))('%s', (page) => {
  it('links to files and headings that exist', () => {
    const links = [...proseOf(page).matchAll(/\]\(([^)\s]+)\)/g)].map(([, link = '']) => link)
    const broken = links
      .filter((link) => !/^[a-z]+:/.test(link))
      .filter((link) => {
        const [path = '', anchor] = link.split('#')
        const target = path === '' ? page : join(dirname(page), path)
        return (
          !existsSync(join(root, target)) || (anchor !== undefined && !anchorsOf(target).includes(anchor))
        )
      })
    expect(broken).toEqual([])
  })

  it('names files and folders that exist', () => {
    const named = [...textOf(page).matchAll(/`((?:src|test|dev|deploy|docs|examples)\/[^`\s]*)`/g)]
      .map(([, path = '']) => path)
      .filter((path) => !/<[\w-]+>/.test(path))
    expect(named.filter((path) => globSync(path, { cwd: root }).length === 0)).toEqual([])
  })

  it('names npm scripts that exist', () => {
    const named = [...textOf(page).matchAll(/npm run (?:--silent )?([a-z][\w-]*)/g)].map(([, name]) => name)
    expect(Object.keys(manifest.scripts)).toEqual(expect.arrayContaining(named))
  })

  it('has YAML that can be read', () => {
    for (const { text } of blocksOf(page, 'yaml'))
      expect(parse(text)).toMatchObject({ kind: expect.any(String) })
  })
})

describe('docs/install.md', () => {
  it('names the address that is in deploy', () => {
    expect(textOf('deploy/manifests/deployment.yaml')).toContain('value: temporal-frontend.temporal.svc:7233')
    expect(textOf('docs/install.md')).toContain('`temporal-frontend.temporal.svc:7233`')
  })
})
