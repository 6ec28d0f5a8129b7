import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'

import { openBrowser } from './browser.ts'
import { chromiumVariable } from '../stack/chromium.ts'

const chosen = process.env[chromiumVariable]
let directory: string

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'browser-test-'))
})

afterEach(() => {
  if (chosen === undefined) delete process.env[chromiumVariable]
  else process.env[chromiumVariable] = chosen
  rmSync(directory, { recursive: true, force: true })
})

describe('openBrowser', () => {
  it('takes the browser that CHROMIUM_PATH names, and says what that one lacks where it does not start', async () => {
    const path = join(directory, 'browser')
    writeFileSync(path, '#!/bin/sh\necho "error while loading shared libraries: libnss3.so" >&2\nexit 127\n')
    chmodSync(path, 0o755)
    process.env[chromiumVariable] = path
    const lines: string[] = []

    const failure = await openBrowser((line) => void lines.push(line)).catch(String)

    expect(lines).toEqual([`chromium: ${path}, found by CHROMIUM_PATH`])
    expect(failure).toContain(`${path} did not start`)
    expect(failure).toContain('libnss3.so')
    expect(failure).toContain('Way out: set CHROMIUM_PATH')
  })

  it('opens a page in the packed browser, with its fonts, in UTC', async () => {
    delete process.env[chromiumVariable]
    const { page, close } = await openBrowser(() => {})
    try {
      await page.setContent(
        '<p></p><script>document.querySelector("p").append(new Date(0).toString())</script>',
      )
      expect(await page.locator('p').innerText()).toContain('Thu Jan 01 1970 00:00:00 GMT+0000')
    } finally {
      await close()
    }
  })
})
