/** The target description: which registers there are, in XML (gdb manual, appendix G). */
import type { Feature, Register } from './registers';

const registerElement = ({ name, number, bits, type, group }: Register): string =>
  `    <reg name="${name}" bitsize="${bits}" type="${type}" regnum="${number}"${group ? ` group="${group}"` : ''}/>`;

const featureElement = ({ name, types = '', registers }: Feature): string =>
  `  <feature name="${name}">${types}\n${registers.map(registerElement).join('\n')}\n  </feature>`;

export const targetDescription = (features: readonly Feature[]): string =>
  `<?xml version="1.0"?>
<!DOCTYPE target SYSTEM "gdb-target.dtd">
<target version="1.0">
  <architecture>powerpc:common64</architecture>
${features.map(featureElement).join('\n')}
</target>
`;
