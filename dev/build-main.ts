import { build } from './build.ts'

process.stderr.write((await build()) ? 'dist/ is built\n' : 'dist/ is up to date\n')
