import { describe, expect, it } from '@jest/globals'
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'yaml'

const root = join(import.meta.dirname, '..', '..')

type Permissions = Readonly<Record<string, string>>

interface Workflow {
  readonly permissions?: Permissions
  readonly jobs: Readonly<Record<string, Job>>
}

interface Job {
  readonly permissions?: Permissions
  readonly steps?: readonly Step[]
}

interface Step {
  readonly uses?: string
  readonly run?: string
  readonly with?: Readonly<Record<string, unknown>>
}

const workflows = globSync('.github/workflows/*.yml', { cwd: root })
  .toSorted()
  .map((path) => {
    const text = textOf(path)
    const workflow: Workflow = parse(text)
    const steps = Object.values(workflow.jobs).flatMap(({ steps: each = [] }) => each)
    return { name: path.replace(/^.*\/|\.yml$/g, ''), text, workflow, steps }
  })
const allSteps = workflows.flatMap(({ steps }) => steps)

function textOf(path: string): string {
  return readFileSync(join(root, path), 'utf8')
}

/** `publish: packages`, for every right to write. */
function writesOf({ permissions = {}, jobs }: Workflow): readonly string[] {
  const jobPlaces = Object.entries(jobs).map(([job, { permissions: granted = {} }]) => ({ job, granted }))
  return [{ job: '', granted: permissions }, ...jobPlaces].flatMap(({ job, granted }) =>
    Object.entries(granted)
      .filter(([, access]) => access === 'write')
      .map(([scope]) => `${job}: ${scope}`),
  )
}

describe('the workflows on GitHub', () => {
  it('may write only what they publish, in the job that publishes it', () => {
    const writes = workflows.map(({ name, workflow }) => [name, writesOf(workflow)])
    expect(Object.fromEntries(writes)).toEqual({
      clusters: [],
      release: ['publish: packages', 'publish: id-token', 'release: contents', 'release: id-token'],
      test: [],
    })
    // Without this, a job has the rights of the repository's settings.
    expect(workflows.filter(({ workflow }) => workflow.permissions === undefined)).toEqual([])
  })

  it('give no token to git, and none to code of packages that may write to the repository', () => {
    const checkouts = allSteps.filter(({ uses }) => uses?.startsWith('actions/checkout@') === true)
    expect(checkouts).not.toEqual([])
    expect(checkouts.filter((step) => step.with?.['persist-credentials'] !== false)).toEqual([])
    const writing = workflows
      .flatMap(({ workflow }) => Object.values(workflow.jobs))
      .filter(({ permissions }) => permissions?.['contents'] === 'write')
    expect(writing.flatMap(({ steps = [] }) => steps).filter(({ run }) => run?.includes('npm'))).toEqual([])
  })

  it('name each action by its commit, with its version beside it, and one version of each', () => {
    const lines = workflows.flatMap(({ text }) => text.match(/^.*\buses: (?!\.\/).*$/gm) ?? [])
    const pattern = /uses: (?<action>[\w-]+\/[\w-]+)@(?<commit>[0-9a-f]{40}) # v\d+\.\d+\.\d+$/
    expect(lines.filter((line) => !pattern.test(line))).toEqual([])
    const used = new Set(lines.map((line) => line.replace(/^.*uses: /, '')))
    const actions = [...used].map((each) => each.split('@', 1).join(''))
    expect(actions).toEqual([...new Set(actions)])
  })

  it('put no text of an event or a secret into a script', () => {
    expect(allSteps.filter(({ run }) => run?.includes('${{'))).toEqual([])
  })

  it('run scripts that package.json has', () => {
    const { scripts }: { scripts: Readonly<Record<string, string>> } = JSON.parse(textOf('package.json'))
    const named = allSteps.flatMap(({ run = '' }) =>
      [...run.matchAll(/npm run (?:--silent )?([\w:-]+)/g)].map(([, name]) => name),
    )
    expect(Object.keys(scripts)).toEqual(expect.arrayContaining(named))
  })

  it('read the version of Go from the module that asks for the newest one', () => {
    const asked = globSync('dev/go/*/go.mod', { cwd: root }).map((path) => ({
      path,
      version: (/^go (\S+)$/m.exec(textOf(path))?.[1] ?? '').split('.').map(Number),
    }))
    const [newest] = asked.toSorted(
      ({ version: [, minorA = 0, patchA = 0] }, { version: [, minorB = 0, patchB = 0] }) =>
        minorB - minorA || patchB - patchA,
    )
    const files = allSteps.flatMap((step) => {
      const file = step.with?.['go-version-file']
      return file === undefined ? [] : [file]
    })
    expect(new Set(files)).toEqual(new Set([newest?.path]))
  })
})
