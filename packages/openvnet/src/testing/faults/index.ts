import { addresses } from './addresses.ts';
import { between } from './between.ts';
import type { FaultGroup } from './fault.ts';
import { filters } from './filters.ts';
import { infrastructure } from './infrastructure.ts';
import { operations } from './operations.ts';
import { outside } from './outside.ts';
import { ports } from './ports.ts';
import { routing } from './routing.ts';
import { services } from './services.ts';
import { several } from './several.ts';

/** Every fault, in the order of the page. */
export const faultGroups: readonly FaultGroup[] = [
  ports,
  addresses,
  routing,
  filters,
  services,
  outside,
  infrastructure,
  between,
  several,
  operations,
];
