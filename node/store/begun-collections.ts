/**
 * Which results members' data was being added to: a small file `<run>.collecting` beside their folders, from before the first byte until the
 * result has its seal again. One that a killed daemon left says that what came is not in the seal yet.
 */
import { existsSync } from 'node:fs'
import { writeAtomic } from './atomic.ts'
import type { Home } from './home.ts'
import { forgetNote, noted } from './moved.ts'

const SUFFIX = '.collecting'
const pathOf = (home: Home, run: string) => `${home.runs(run)}${SUFFIX}`

/** It is on the disk when this resolves. */
export const noteCollection = (home: Home, run: string): Promise<void> => writeAtomic(pathOf(home, run), '')

export const isCollectionOpen = (home: Home, run: string): boolean => existsSync(pathOf(home, run))

/** Its result is sealed again, or gone. */
export const forgetCollection = (home: Home, run: string): Promise<void> => forgetNote(pathOf(home, run))

/** @returns the runs whose collection has not ended */
export const openCollections = (home: Home): Promise<string[]> => noted(home, SUFFIX)
