import { execFileSync } from 'node:child_process'
import { chmodSync, cpSync, existsSync, mkdirSync, realpathSync, symlinkSync, writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { rootCertificates } from 'node:tls'

/** The account of the image, for programs that ask for its name. */
const account = { name: 'nonroot', id: 65_532 }

/** Files with a fixed content. */
const texts: Readonly<Record<string, string>> = {
  'etc/passwd': `root:x:0:0:root:/:/sbin/nologin\n${account.name}:x:${account.id}:${account.id}:${account.name}:/:/sbin/nologin\n`,
  'etc/group': `root:x:0:\n${account.name}:x:${account.id}:\n`,
  'etc/nsswitch.conf': 'hosts: files dns\n',
  // Node.js brings the authorities along. Other programs of TLS look here, and so do people who replace the file.
  'etc/ssl/certs/ca-certificates.crt': `${rootCertificates.join('\n')}\n`,
}

/** By which the program is called in a running container, which has no shell. */
const command = { path: 'usr/local/bin/capi-vip-allocator', program: '/app/dist/main.js' }

/**
 * Puts the root file system of the image together: Node.js, the libraries that it and native modules load, certificate
 * authorities, and nothing else of the system that this runs on.
 *
 * @param root the folder to put it in
 * @param nativeModules files that Node.js loads as libraries
 * @returns the path of Node.js in it
 */
export function makeRootFileSystem(root: string, nativeModules: readonly string[]): string {
  const node = realpathSync(process.execPath)
  const path = '/usr/local/bin/node'
  copyInto(root, node, path)
  const libraries = new Set([node, ...nativeModules].flatMap(librariesOf))
  for (const library of libraries) copyInto(root, library, library)
  for (const [name, text] of Object.entries(texts)) {
    mkdirSync(join(root, dirname(name)), { recursive: true })
    writeFileSync(join(root, name), text)
  }
  for (const notice of ['/etc/os-release', '/usr/local/LICENSE']) {
    if (existsSync(notice)) copyInto(root, notice, notice)
  }
  for (const debianPackage of new Set([...libraries].flatMap(debianPackageOf)))
    describePackage(root, debianPackage)
  symlinkSync(command.program, join(root, command.path))
  mkdirSync(join(root, 'tmp'))
  chmodSync(join(root, 'tmp'), 0o1777)
  return path
}

/** A file, not the link that may lead to it. */
function copyInto(root: string, from: string, to: string): void {
  cpSync(realpathSync(from), join(root, to), { preserveTimestamps: true })
}

/** The paths of the libraries that a program or library needs, with the loader. */
function librariesOf(file: string): readonly string[] {
  const output = execFileSync('ldd', [file], { encoding: 'utf8' })
  return librariesIn(output, file)
}

/**
 * What `ldd` prints.
 *
 * @throws Error if a library is missing
 */
export function librariesIn(output: string, file: string): readonly string[] {
  const missing = /^\s*(\S+) => not found/m.exec(output)
  if (missing !== null) throw new Error(`${file} needs the library ${missing[1]}, which is not there`)
  return [...output.matchAll(/(?:^\s*|=> )(\/\S+) \(0x/gm)].map(([, path = '']) => path)
}

/** The Debian package of a library; none on another system. The package may name its file with or without `/usr`. */
function debianPackageOf(library: string): readonly string[] {
  for (const path of [library, `/usr${library}`, realpathSync(library)]) {
    try {
      const owner = execFileSync('dpkg', ['--search', path], {
        encoding: 'utf8',
        stdio: ['ignore', 'pipe', 'ignore'],
      })
      return [owner.slice(0, owner.indexOf(':'))]
    } catch {
      // The next name, or no dpkg.
    }
  }
  return []
}

/** Leaves what a scanner for vulnerabilities and the license need: version and copyright. */
function describePackage(root: string, name: string): void {
  const status = execFileSync('dpkg-query', ['--status', name], { encoding: 'utf8' })
  const folder = join(root, 'var/lib/dpkg/status.d')
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, name), status)
  const copyright = `/usr/share/doc/${basename(name)}/copyright`
  if (existsSync(copyright)) copyInto(root, copyright, copyright)
}
