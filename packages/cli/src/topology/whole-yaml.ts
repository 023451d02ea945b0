import { parseDocument, visit } from 'yaml';

/** The content of a text in any form of YAML. Throws the parser's error. */
export function readYaml(text: string): unknown {
  const document = parseDocument(text);
  const [error] = document.errors;
  if (error) throw error;
  visit(document, {
    // What is not written as a number would be is text: a datapath id would lose its leading zeros.
    Scalar: (_, node) => {
      if (typeof node.value === 'number' && node.source && String(node.value) !== node.source) node.value = node.source;
    },
  });
  return document.toJS() as unknown;
}
