/** Waits until objects are in effect. */
import type { ObjectStatus, SystemStatus, Topology } from '@openvnet/model';
import type { Http } from './http.ts';

/** Waits for the object at a path, as of `revision`. */
export async function waitFor(
  http: Http,
  object: readonly string[],
  { revision = http.revision, seconds = 10 }: { revision?: number; seconds?: number },
): Promise<ObjectStatus> {
  const deadline = performance.now() + seconds * 1000;
  for (;;) {
    // In whole seconds, as the API takes them, and in slices that no proxy between takes for a hanging connection.
    const wait = Math.min(20, Math.max(0, Math.round((deadline - performance.now()) / 1000)));
    const query = { wait, ...(revision > 0 && { revision }) };
    const answer = (await http.request('GET', [...object, 'status'], { query, extraSeconds: wait })) as ObjectStatus;
    if (answer.realised || performance.now() >= deadline - 500) return answer;
  }
}

/** Waits for every object of a topology; gives those that are not in effect after `seconds`. */
export async function waitForAll(http: Http, topology: Topology, seconds: number): Promise<SystemStatus['unrealised']> {
  const deadline = performance.now() + seconds * 1000;
  const left = (): number => Math.max(0, (deadline - performance.now()) / 1000);
  const paths = new Map(
    Object.entries(topology).flatMap(([plural, objects]) =>
      (objects ?? []).map(({ uuid }) => [String(uuid), [plural, String(uuid)]] as const),
    ),
  );
  const [first] = paths.values();
  // The first stands for the last change as a whole; then each has a change of its own to wait for.
  if (first) await waitFor(http, first, { seconds: left() });
  for (;;) {
    const { unrealised } = (await http.request('GET', ['status'])) as SystemStatus;
    const missing = unrealised.filter(({ uuid }) => paths.has(uuid));
    if (missing.length === 0 || left() === 0) return missing;
    await waitFor(http, paths.get(missing[0]!.uuid)!, { revision: 0, seconds: left() });
  }
}
