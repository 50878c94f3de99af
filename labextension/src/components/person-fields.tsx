import React from 'react';
import type { Fault } from '../view';
import { useTrans } from './trans';

/** Say whether git wants to know who tags or commits, or was told just now. */
export function asksWho(fault: Fault | null, by: string): boolean {
  return fault?.code === 'person_unknown' || by !== '';
}

/** Who tags or commits, where git does not know: told as `Name <mail>`. */
export function PersonFields({
  onChange
}: {
  readonly onChange: (by: string) => void;
}): JSX.Element {
  const trans = useTrans();
  const [person, setPerson] = React.useState({ name: '', mail: '' });
  const change = (part: Partial<typeof person>): void => {
    const whole = { ...person, ...part };
    setPerson(whole);
    onChange(`${whole.name.trim()} <${whole.mail.trim()}>`);
  };
  const field = (label: string, part: keyof typeof person): JSX.Element => (
    <label>
      {label}{' '}
      <input
        className="jp-df-input"
        autoComplete="off"
        maxLength={90}
        value={person[part]}
        onChange={event => change({ [part]: event.target.value })}
      />
    </label>
  );
  return (
    <>
      {field(trans.__('Your name'), 'name')}
      {field(trans.__('Your e-mail'), 'mail')}
    </>
  );
}
