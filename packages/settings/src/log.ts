import { oneOf } from './values.ts';

/** The setting `--log-level`. */
export const logLevel = {
  doc: 'lowest level to log',
  placeholder: 'LEVEL',
  read: oneOf(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent']),
  default: 'info',
};

/** Limit of lines that are kept because they could not be written yet, in characters. */
const keptLog = 1 << 20;

/**
 * Logs go to standard error. A line that cannot be written, as on a full disk, is tried again with the next line and finally
 * dropped; it never ends the program. `destination` is that of pino.
 */
export function logDestination<D extends { on(event: 'error', listener: () => void): unknown }>(
  destination: (options: { fd: number; sync: boolean; maxLength: number }) => D,
): D {
  const stream = destination({ fd: 2, sync: true, maxLength: keptLog });
  stream.on('error', () => {});
  return stream;
}
