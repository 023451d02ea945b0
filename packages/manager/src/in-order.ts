/** What `make` gives for each of `items`, one after the other. */
export async function mapInOrder<T, R>(
  items: Iterable<T>,
  make: (item: T, index: number) => Promise<R>,
): Promise<Awaited<R>[]> {
  const made: Awaited<R>[] = [];
  for (const item of items) made.push(await make(item, made.length));
  return made;
}

/** The first of `items` for which `test` is true, asked one after the other. */
export async function findInOrder<T>(items: Iterable<T>, test: (item: T) => Promise<boolean>): Promise<T | undefined> {
  for (const item of items) if (await test(item)) return item;
  return undefined;
}
