import type { TranslationBundle } from '@jupyterlab/translation';
import { HTMLSelect, runIcon } from '@jupyterlab/ui-components';
import React from 'react';
import type { Choice, HealthView, Project, Secret } from '../view';
import { suitesFor, unallowed } from '../view';
import { AddressField } from './address-field';
import { Button } from './button';
import { Consent } from './consent';
import { hostOf } from './format';
import { HealthLine } from './health-line';
import { Outlook } from './outlook';
import { SuiteChoice } from './suite-choice';
import { useTrans } from './trans';

interface TargetBarProps {
  readonly project: Project;
  readonly choice: Choice;
  readonly health: HealthView;
  /** A run is at work or being started: nothing can be started now. */
  readonly busy: boolean;
  readonly onChoose: (target: string) => void;
  readonly onChooseSuites: (names: readonly string[]) => void;
  readonly onChooseAddress: (address: string) => void;
  readonly onAllowSecret: (secret: Secret) => void;
  readonly onAskHealth: () => void;
  readonly onRun: () => void;
}

/** Choose the target and run its suites. */
export function TargetBar(props: TargetBarProps): JSX.Element {
  const { project, choice, busy } = props;
  const trans = useTrans();
  const id = React.useId();
  const chosen = project.targets.find(each => each.name === choice.target);
  const asksAddress = chosen?.url === null;
  const secrets = unallowed(project, choice.target);
  return (
    <div className="jp-df-target">
      <label htmlFor={id} className="jp-df-label">
        {trans.__('Target')}
      </label>
      <div className="jp-df-row">
        <HTMLSelect
          id={id}
          className="jp-df-select"
          value={choice.target}
          onChange={event => props.onChoose(event.target.value)}
        >
          {project.targets.map(target => (
            <option key={target.name} value={target.name}>
              {`${target.name} \u2014 ${hostOf(target) ?? trans.__('address not known')}`}
            </option>
          ))}
        </HTMLSelect>
        <Button
          look="main"
          icon={runIcon}
          label={trans.__('Run')}
          title={
            busy
              ? trans.__('A run is at work')
              : trans.__('Run the suites against %1', choice.target)
          }
          disabled={busy || secrets.length > 0}
          onClick={props.onRun}
        />
      </div>
      {secrets.length > 0 ? (
        <Consent secrets={secrets} onAllow={props.onAllowSecret} />
      ) : asksAddress ? (
        <AddressField value={choice.address} onChange={props.onChooseAddress} />
      ) : (
        <HealthLine health={props.health} onAsk={props.onAskHealth} />
      )}
      <p className="jp-df-detail">{against(project, choice.target, trans)}</p>
      <SuiteChoice
        suites={suitesFor(project, choice.target)}
        chosen={choice.suites}
        onChoose={props.onChooseSuites}
      />
      <Outlook project={project} />
    </div>
  );
}

function against(project: Project, target: string, trans: TranslationBundle): string {
  const { baseline } = project;
  if (baseline === 'last-release') {
    return trans.__('Against the last release');
  }
  if (baseline === target) {
    return trans.__('This target is the baseline itself: nothing to compare with');
  }
  return trans.__('Against %1, live, on the same examples', baseline);
}
