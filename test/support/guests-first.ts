import { BaseSequencer, type TestSpecification } from 'vitest/node';

/**
 * Files in vitest's order, but those that boot guests first: they wait for minutes and are small, so they
 * would begin last and run alone.
 */
export default class GuestsFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    const boots = ({ moduleId }: TestSpecification) => /\/conform\/(other-)?guest\.test\.ts$/.test(moduleId);
    return [...sorted.filter(boots), ...sorted.filter((file) => !boots(file))];
  }
}
