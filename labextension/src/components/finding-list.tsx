import React from 'react';
import type { Asked, CreateWaiver, Finding, WaiverRow } from '../view';
import { nameOf } from '../view';
import { FailureList } from './failure-list';
import { Judged } from './judged';
import { MarkView } from './mark';
import { useTrans } from './trans';
import { WaiverForm } from './waiver-form';
import { verdictMark } from './words';

const FEW = 6;

/** What waiving needs; without it findings are only shown: nothing was judged, so there is nothing to answer for. */
export interface Waiving {
  readonly asked: Asked;
  readonly waivers: readonly WaiverRow[];
  readonly onWaive: (waiver: CreateWaiver) => void;
}

interface FindingListProps {
  readonly findings: readonly Finding[];
  readonly waiving: Waiving | null;
}

/** One sentence per rule, worst first as the report has them; many good ones are folded. */
export function FindingList({ findings, waiving }: FindingListProps): JSX.Element {
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
      <Findings findings={bad} waiving={waiving} />
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

interface FindingsProps {
  readonly findings: readonly Finding[];
  readonly waiving?: Waiving | null;
}

function Findings({ findings, waiving }: FindingsProps): JSX.Element | null {
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
            <FailureList failures={finding.failures} open={finding.subject.kind === 'target'} />
            <Judged finding={finding} />
            {waiving && <Answer finding={finding} {...waiving} />}
          </div>
        </li>
      ))}
    </ul>
  );
}

/** Who answers for a finding that keeps the gate closed, or the form to do so. */
function Answer(props: Waiving & { readonly finding: Finding }): JSX.Element | null {
  const { finding, asked, onWaive } = props;
  const trans = useTrans();
  if (finding.verdict !== 'fail' && finding.verdict !== 'inconclusive') {
    return null;
  }
  const name = nameOf(finding);
  const waiver = props.waivers.find(each => each.valid && each.finding === name);
  return waiver ? (
    <p className="jp-df-detail">{trans.__('Waived by %1 until %2', waiver.by, waiver.until)}</p>
  ) : (
    <WaiverForm finding={name} asked={asked} onWaive={onWaive} />
  );
}
