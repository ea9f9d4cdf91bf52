/**
 * A company like the bundled one with a twelfth of its traffic, for tests that look at how a drill ends and what it
 * leaves rather than at what it shows: a drill on it takes half the time.
 */
import { generateSnapshot } from '../../src/snapshot/generate/generate.ts'

/** Makes its snapshot, `company-25k` by name, with another number of jobs a day if need be. */
export async function makeSmallCompany(directory: string, jobsPerDay = 2000): Promise<void> {
  await generateSnapshot({ company: 'company-25k', rows: 1500, jobsPerDay, directory })
}
