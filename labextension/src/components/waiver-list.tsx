import React from 'react';
import type { WaiverRow } from '../view';

/** Who answers for which finding until when. A waiver opens the gate; it never changes the verdict. */
export function WaiverList({ waivers }: { readonly waivers: readonly WaiverRow[] }): JSX.Element {
  return (
    <ul className="jp-df-waivers">
      {waivers.map(waiver => (
        <li key={`${waiver.finding} ${waiver.at}`}>{waiver.sentence}</li>
      ))}
    </ul>
  );
}
