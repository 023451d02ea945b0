import { type Compiler, objectOfItem } from '@openvnet/compiler';
import type { Logger } from 'pino';

/** Logs faults since the last call: one line for each feature or derivation, however many items fail. */
export function logFaults(compiler: Compiler, log: Logger, datapath: string): void {
  const byCode = Map.groupBy(compiler.takeFaults(), ({ by }) => by);
  for (const [by, faults] of byCode) {
    const [first] = faults;
    const object = objectOfItem(compiler.relations, first!)?.uuid;
    log.error(
      { datapath, err: first!.error, by, object, item: first!.item, items: faults.length },
      `${by} cannot be computed for ${object ?? 'an item without an object'}; its previous results are kept`,
    );
  }
}
