/** The name of a host: what an agent calls itself. */
export const nodeName = {
  pattern: /^[A-Za-z0-9][A-Za-z0-9._:-]{0,254}$/,
  expected: 'expected a letter or digit, then at most 254 letters, digits, ".", "_", ":" or "-"',
} as const;
