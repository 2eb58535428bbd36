import { Button, Checkbox, Group, NumberInput, Radio, Stack, TextInput } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { api, data, type Schemas } from "@/api/client";
import { asProblem } from "@/api/problem";
import { useProject } from "@/app/project";
import { Trouble } from "@/parts/Trouble";
import { type Key, keysOf } from "./keysOf";

type Scope = Key["scopes"][number];

const SCOPES: { value: Scope; label: string; about: string }[] = [
  { value: "decide", label: "Decide", about: "ask what a visitor sees" },
  { value: "record", label: "Record", about: "report events and attributes" },
  { value: "read", label: "Read", about: "definitions, people and results" },
  { value: "manage", label: "Manage", about: "change definitions, people and keys" },
];

const BESIDE = ["client", "scopes", "expires_at"];

/** Make a key for a program. */
export function NewKey({ done }: { done: (key: Schemas["NewKey"]) => void }) {
  const project = useProject();
  const client = useQueryClient();
  const [name, setName] = useState("");
  const [kind, setKind] = useState<Key["kind"]>("secret");
  const [scopes, setScopes] = useState<Scope[]>(["decide", "record"]);
  const [days, setDays] = useState<number | string>("");
  const offered = SCOPES.filter((one) => kind === "secret" || one.value === "decide" || one.value === "record");
  const chosen = scopes.filter((one) => offered.some((each) => each.value === one));
  const create = useMutation({
    meta: { quiet: true },
    mutationFn: () =>
      data(
        api.POST("/v1/projects/{project}/keys", {
          params: { path: { project } },
          body: {
            client: name.trim(),
            kind,
            scopes: chosen,
            expires_at: days === "" ? undefined : Date.now() + Number(days) * 86_400_000,
          },
        }),
      ),
    onSuccess(key) {
      void client.invalidateQueries(keysOf(project));
      done(key);
    },
  });
  const problem = create.error ? asProblem(create.error) : undefined;
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        create.mutate();
      }}
    >
      <Stack>
        <TextInput
          label="Client"
          description="The program that will use it, as it should stand in the history."
          placeholder="shop-backend"
          required
          data-autofocus
          value={name}
          onChange={(event) => setName(event.currentTarget.value)}
          error={problem?.at("client")}
        />
        <Radio.Group label="Where it is used" value={kind} onChange={(value) => setKind(value as Key["kind"])}>
          <Stack gap={6} mt={6}>
            <Radio
              value="secret"
              label="In a backend"
              description="A secret: whoever has it may do what is ticked below."
            />
            <Radio
              value="publishable"
              label="In browsers"
              description="No secret: it reports impressions and clicks, and decides for anonymous visitors."
            />
          </Stack>
        </Radio.Group>
        <Checkbox.Group
          label="It may"
          value={scopes}
          onChange={(value) => setScopes(value as Scope[])}
          error={problem?.at("scopes") ?? (chosen.length === 0 && "Choose one at least.")}
        >
          <Stack gap={6} mt={6}>
            {offered.map((one) => (
              <Checkbox key={one.value} value={one.value} label={one.label} description={one.about} />
            ))}
          </Stack>
        </Checkbox.Group>
        <NumberInput
          label="Ends after"
          suffix=" days"
          placeholder="never"
          min={1}
          max={36_500}
          value={days}
          onChange={setDays}
          error={problem?.at("expires_at")}
        />
        {problem && !BESIDE.some((field) => problem.at(field)) && <Trouble error={problem} />}
        <Group justify="flex-end">
          <Button type="submit" loading={create.isPending} disabled={!name.trim() || chosen.length === 0}>
            Create key
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
