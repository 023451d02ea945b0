/**
 * A callback for a timer, a socket or an emitter. What `work` throws, or its promise fails with, goes to `fault` and no
 * further: thrown out of such a callback, it would end the program.
 */
export function contained<A extends readonly unknown[]>(
  work: (...args: A) => unknown,
  fault: (error: unknown) => void,
): (...args: A) => void {
  return (...args) => {
    try {
      const result = work(...args);
      if (result instanceof Promise) result.catch(fault);
    } catch (error) {
      fault(error);
    }
  };
}
