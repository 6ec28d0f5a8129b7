/** What this machine has, as far as a node needs it. */
export interface Machine {
  readonly platform: string
  readonly uid: number
  /** Programs of `neededPrograms` that are on PATH. */
  readonly programs: ReadonlySet<string>
  /** Where the kernel's hierarchies of cgroups are mounted. */
  readonly cgroups: readonly string[]
  /** What `unshare` says where it makes no namespaces, as in most containers. */
  readonly namespaceRefusal: string | undefined
  /** Where the node would keep its files. */
  readonly temporaryDirectory: string
}

/** Programs that a node takes from PATH, one of each row, with the Debian package that has the first one. */
const rows: readonly { readonly oneOf: readonly string[]; readonly from: string }[] = [
  { oneOf: ['runc'], from: 'runc' },
  { oneOf: ['ip'], from: 'iproute2' },
  { oneOf: ['nft', 'iptables'], from: 'nftables' },
  { oneOf: ['unshare'], from: 'util-linux' },
  { oneOf: ['mount'], from: 'mount' },
  { oneOf: ['tar'], from: 'tar' },
  { oneOf: ['sleep'], from: 'coreutils' },
  { oneOf: ['ldd'], from: 'libc-bin' },
]

export const neededPrograms: readonly string[] = rows.flatMap(({ oneOf }) => oneOf)

/** Folders that a node has its own ones of. */
const hidden = ['/var', '/run', '/proc']

/** Why no node can run on a machine, one line for each reason; none if it can. */
export function missingOn(machine: Machine): readonly string[] {
  if (machine.platform !== 'linux') {
    return [
      `this machine runs ${machine.platform}, expected Linux: a kubelet needs its namespaces and cgroups`,
    ]
  }
  return [
    ...(machine.uid === 0 ? [] : [`user ${machine.uid} runs this, expected root (user 0): sudo npm run …`]),
    ...(machine.cgroups.length > 0 ? [] : ['no cgroups are mounted, expected them in /sys/fs/cgroup']),
    ...(machine.namespaceRefusal === undefined
      ? []
      : [`no namespaces can be made (${machine.namespaceRefusal}), expected CAP_SYS_ADMIN`]),
    ...hidden
      .filter((folder) => `${machine.temporaryDirectory}/`.startsWith(`${folder}/`))
      .map((folder) => `TMPDIR is "${machine.temporaryDirectory}", expected one outside of ${folder}`),
    ...rows
      .filter(({ oneOf }) => !oneOf.some((name) => machine.programs.has(name)))
      .map(({ oneOf, from }) => `there is no ${oneOf.join(' or ')} on PATH: apt-get install ${from}`),
  ]
}
