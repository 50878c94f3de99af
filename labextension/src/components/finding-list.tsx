import React from 'react';
import type { Finding } from '../view';
import { Judged } from './judged';
import { MarkView } from './mark';
import { useTrans } from './trans';
import { verdictMark } from './words';

const FEW = 6;

/** One sentence per rule, worst first as the report has them; many good ones are folded. */
export function FindingList({ findings }: { readonly findings: readonly Finding[] }): JSX.Element {
  const trans = useTrans();
  if (findings.length === 0) {
    return (
      <p className="jp-df-detail">
        {trans.__('The project declares no rules. Add some under "rules" in deployfeedback.yaml.')}
      </p>
    );
  }
  const counted = findings.filter(finding => finding.standing === 'counted');
  const others = findings.filter(finding => finding.standing !== 'counted');
  const bad = counted.filter(finding => finding.verdict !== 'pass');
  const good = counted.filter(finding => finding.verdict === 'pass');
  return (
    <>
      <Findings findings={bad} />
      <Folded
        title={trans.__('%1 that pass', good.length)}
        findings={good}
        open={counted.length <= FEW}
      />
      <Folded
        title={trans.__('%1 for information', others.length)}
        findings={others}
        open={false}
      />
    </>
  );
}

interface FoldedProps {
  readonly title: string;
  readonly findings: readonly Finding[];
  readonly open: boolean;
}

function Folded({ title, findings, open }: FoldedProps): JSX.Element {
  if (open || findings.length === 0) {
    return <Findings findings={findings} />;
  }
  return (
    <details className="jp-df-folded">
      <summary>{title}</summary>
      <Findings findings={findings} />
    </details>
  );
}

function Findings({ findings }: { readonly findings: readonly Finding[] }): JSX.Element | null {
  const trans = useTrans();
  if (findings.length === 0) {
    return null;
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
