import React from 'react';
import type { Finding } from '../view';
import { Judged } from './judged';
import { MarkView } from './mark';
import { useTrans } from './trans';
import { verdictMark } from './words';

/** One sentence per rule, worst first as the report has them. */
export function FindingList({ findings }: { readonly findings: readonly Finding[] }): JSX.Element {
  const trans = useTrans();
  if (findings.length === 0) {
    return (
      <p className="jp-df-detail">
        {trans.__('The project declares no rules. Add some under "rules" in deployfeedback.yaml.')}
      </p>
    );
  }
  return (
    <ul className="jp-df-findings">
      {findings.map(finding => (
        <li key={`${finding.rule} ${finding.expression}`} className="jp-df-finding">
          <MarkView mark={verdictMark(finding.verdict, trans)} quiet />
          <div className="jp-df-grow">
            <p>{finding.sentence}</p>
            <Judged finding={finding} />
          </div>
        </li>
      ))}
    </ul>
  );
}
