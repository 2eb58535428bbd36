import { Button, PasswordInput, Stack, TextInput } from "@mantine/core";
import type { ReactNode } from "react";
import { type ApiProblem, asProblem } from "@/api/problem";
import { Trouble } from "@/parts/Trouble";

type Props = {
  /** what the button says */
  verb: string;
  send: { error: unknown; isPending: boolean; mutate: () => void };
  children: (problem: ApiProblem | undefined) => ReactNode;
  /** whether a problem that names no field is told beside one all the same */
  placed?: (problem: ApiProblem) => boolean;
  /** below the button */
  after?: ReactNode;
};

/** A form before somebody is signed in: its fields, what is wrong with none of them alone, and one button. */
export function EntryForm({ verb, send, children, placed, after }: Props) {
  const problem = send.error ? asProblem(send.error) : undefined;
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        send.mutate();
      }}
    >
      <Stack>
        {children(problem)}
        {problem && problem.fields.length === 0 && !placed?.(problem) && <Trouble error={problem} />}
        <Button type="submit" loading={send.isPending}>
          {verb}
        </Button>
        {after}
      </Stack>
    </form>
  );
}

type NewPerson = { email: string; name: string; password: string };
type NewPersonProps = {
  told: NewPerson;
  set: (change: Partial<NewPerson>) => void;
  problem: ApiProblem | undefined;
  /** the address is the one that was invited */
  invited?: boolean;
};

/** Who somebody is, and the password that they choose. */
export function NewPersonFields({ told, set, problem, invited }: NewPersonProps) {
  return (
    <>
      <TextInput
        label="E-mail"
        type="email"
        required
        readOnly={invited}
        autoComplete="username"
        value={told.email}
        onChange={(event) => set({ email: event.currentTarget.value })}
        error={problem?.at("email")}
      />
      <TextInput
        label="Your name"
        required
        autoComplete="name"
        value={told.name}
        onChange={(event) => set({ name: event.currentTarget.value })}
        error={problem?.at("name")}
      />
      <NewPassword value={told.password} set={(password) => set({ password })} problem={problem} />
    </>
  );
}

type NewPasswordProps = {
  value: string;
  set: (value: string) => void;
  problem: ApiProblem | undefined;
  label?: string;
  more?: string;
};

/** A password to be chosen. */
export function NewPassword({ value, set, problem, label = "Password", more = "" }: NewPasswordProps) {
  return (
    <PasswordInput
      label={label}
      description={`10 characters or more${more}`}
      required
      minLength={10}
      autoComplete="new-password"
      value={value}
      onChange={(event) => set(event.currentTarget.value)}
      error={problem?.at("password")}
    />
  );
}
