import React from 'react';
import type { Fault } from '../view';
import { useTrans } from './trans';
import { Field } from './waiver-form';

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
  const [name, setName] = React.useState('');
  const [mail, setMail] = React.useState('');
  React.useEffect(
    () => onChange(name || mail ? `${name.trim()} <${mail.trim()}>` : ''),
    [name, mail, onChange]
  );
  return (
    <>
      <Field label={trans.__('Your name')} limit={90} value={name} onChange={setName} />
      <Field label={trans.__('Your e-mail')} limit={90} value={mail} onChange={setMail} />
    </>
  );
}
