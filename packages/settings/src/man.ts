/** Manual pages in roff, with the macros of man(7), made from the declarations of programs. */

/** Options or arguments: syntax and description. */
export type Terms = readonly (readonly [term: string, doc: string])[];

export interface Section {
  readonly title: string;
  readonly text?: string;
  readonly terms?: Terms;
  /** Lines shown verbatim. */
  readonly lines?: readonly string[];
  readonly parts?: readonly Section[];
}

export interface Page {
  readonly name: string;
  /** 1 for commands, 8 for daemons. */
  readonly section: 1 | 8;
  /** Description in one sentence. */
  readonly doc: string;
  readonly sections: readonly Section[];
  /** The day of the page, as `2026-01-31`. */
  readonly date: string;
}

/** The page in roff. */
export function manPage({ name, section, doc, sections, date }: Page): string {
  const lines = [
    `.TH ${escaped(name.toUpperCase())} ${section} ${date} OpenVNet "OpenVNet manual"`,
    '.SH NAME',
    `${escaped(name)} \\- ${escaped(doc.replace(/\.$/, ''))}`,
    ...sections.flatMap((one) => sectionLines(one, '.SH')),
  ];
  return `${lines.join('\n')}\n`;
}

function sectionLines({ title, text, terms = [], lines = [], parts = [] }: Section, macro: '.SH' | '.SS'): string[] {
  return [
    `${macro} "${escaped(macro === '.SH' ? title.toUpperCase() : title)}"`,
    ...(text ? [escaped(text)] : []),
    ...terms.flatMap(([term, doc]) => ['.TP', `\\fB${escaped(term)}\\fR`, escaped(doc || ' ').trim() || '\\&']),
    ...(lines.length > 0
      ? [...(text ? ['.PP'] : []), '.nf', ...lines.map((line) => escaped(line) || '\\&'), '.fi']
      : []),
    ...parts.flatMap((part) => sectionLines(part, '.SS')),
  ];
}

/** Text with the special characters of roff escaped. */
function escaped(text: string): string {
  return text
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replaceAll('"', '\\(dq')
    .replaceAll('`', '\\(ga')
    .replaceAll("'", '\\(aq')
    .replaceAll('…', '...')
    .replaceAll(/\s*\n\s*/g, ' ')
    .replace(/^\./, '\\&.');
}
