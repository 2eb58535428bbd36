import {
  Autocomplete,
  Button,
  Group,
  NumberInput,
  SegmentedControl,
  Select,
  Stack,
  Switch,
  Text,
  Textarea,
  TextInput,
} from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { api, data, type Schemas } from "@/api/client";
import { asProblem } from "@/api/problem";
import { schema } from "@/api/queries";
import { useProject, useRole } from "@/app/project";
import { JsonEditor } from "@/parts/JsonEditor";
import { Trouble } from "@/parts/Trouble";
import { measured } from "./Goals";

type Body = Schemas["Goal"];
type Aggregate = NonNullable<Body["aggregate"]>;

const AGGREGATES: { value: Aggregate; label: string }[] = [
  { value: "occurrence", label: "Did it happen" },
  { value: "count", label: "How often" },
  { value: "sum", label: "Sum of a property" },
  { value: "average", label: "Average of a property" },
  { value: "min", label: "Lowest value of a property" },
  { value: "max", label: "Highest value of a property" },
  { value: "first", label: "First value of a property" },
  { value: "last", label: "Last value of a property" },
  { value: "ratio", label: "Ratio of two" },
];

type Props = { goal?: Schemas["Versioned_Goal_"]; done?: (saved: Schemas["Versioned_Goal_"]) => void };

/** Create a goal, or write a new version of one. */
export function GoalForm({ goal, done }: Props) {
  const project = useProject();
  const may = useRole();
  const client = useQueryClient();
  const seen = useQuery(schema(project));
  const [body, setBody] = useState<Body>(goal?.body ?? { name: "", event: "", aggregate: "occurrence" });
  const [where, setWhere] = useState(body.where ? JSON.stringify(body.where, null, 2) : "");
  const set = (change: Partial<Body>) => setBody({ ...body, ...change });
  const aggregate = body.aggregate ?? "occurrence";
  const numeric = aggregate !== "occurrence" && aggregate !== "count";
  const events = (seen.data?.items ?? []).filter((one) => one.kind === "event").map((one) => one.name);
  const properties = (event: string) =>
    (seen.data?.items ?? [])
      .filter((one) => one.kind === "property" && one.name.startsWith(`${event}.`))
      .map((one) => one.name.slice(event.length + 1));
  const save = useMutation({
    meta: { quiet: true },
    mutationFn: () => {
      const told: Body = { ...body, where: where.trim() ? JSON.parse(where) : null };
      if (!numeric) Object.assign(told, { property: null, signed: false });
      if (aggregate !== "ratio") told.per = null;
      if (!goal) return data(api.POST("/v1/projects/{project}/goals", { params: { path: { project } }, body: told }));
      return data(
        api.PUT("/v1/projects/{project}/goals/{ref}", {
          params: { path: { project, ref: goal.key }, header: { "If-Match": `"${goal.version}"` } },
          body: told,
        }),
      );
    },
    async onSuccess(saved) {
      await client.invalidateQueries({ queryKey: ["project", project, "goals"] });
      notifications.show({ message: `${saved.body.name} is saved, version ${saved.version}.` });
      done?.(saved);
    },
  });
  const problem = save.error ? asProblem(save.error) : undefined;
  const fields = ["name", "event", "property", "where", "per", "window_days", "currency", "aggregate"];
  const elsewhere = problem?.fields.some((one) => fields.some((field) => one.field.startsWith(field))) !== true;
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        save.mutate();
      }}
    >
      <Stack>
        <TextInput
          label="Name"
          required
          placeholder="Orders"
          value={body.name}
          onChange={(event) => set({ name: event.currentTarget.value })}
          error={problem?.at("name")}
        />
        <Group grow align="flex-start">
          <Autocomplete
            label="Event"
            description="One that was seen, or will be"
            required
            data={[...new Set(events)].sort()}
            value={body.event}
            onChange={(event) => set({ event })}
            error={problem?.at("event")}
          />
          <Select
            label="Measured by"
            description="Per person, within the window"
            allowDeselect={false}
            data={AGGREGATES}
            value={aggregate}
            onChange={(value) => set({ aggregate: value as Aggregate })}
            error={problem?.at("aggregate")}
          />
        </Group>
        {numeric && (
          <Group grow align="flex-start">
            <Autocomplete
              label="Property"
              required
              data={[...new Set(properties(body.event))].sort()}
              value={body.property ?? ""}
              onChange={(property) => set({ property })}
              error={problem?.at("property")}
            />
            <TextInput
              label="Currency"
              placeholder="EUR"
              maxLength={3}
              value={body.currency ?? ""}
              onChange={(event) => set({ currency: event.currentTarget.value.toUpperCase() || null })}
              error={problem?.at("currency")}
            />
          </Group>
        )}
        {aggregate === "ratio" && (
          <Group grow align="flex-start">
            <Autocomplete
              label="Per event"
              description="The denominator, e.g. orders for revenue per order"
              required
              data={[...new Set(events)].sort()}
              value={body.per?.event ?? ""}
              onChange={(event) => set({ per: { ...body.per, event } })}
              error={problem?.at("per.event")}
            />
            <Autocomplete
              label="Sum of its property"
              description="Empty: how often it happened"
              data={[...new Set(properties(body.per?.event ?? ""))].sort()}
              value={body.per?.property ?? ""}
              onChange={(property) =>
                set({
                  per: {
                    ...body.per,
                    event: body.per?.event ?? "",
                    property: property || null,
                    aggregate: property ? "sum" : "count",
                  },
                })
              }
            />
          </Group>
        )}
        <JsonEditor
          label="Only where"
          description='A condition on the properties, e.g. {"shop": "Vienna"}. Empty: every such event.'
          value={where}
          onChange={setWhere}
          minHeight={60}
          error={problem?.at("where")}
        />
        <Group grow align="flex-start">
          <NumberInput
            label="Window"
            description="Days from the first exposure in which it counts"
            min={0.01}
            suffix=" days"
            value={body.window_days ?? 7}
            onChange={(value) => set({ window_days: Number(value) || 7 })}
            error={problem?.at("window_days")}
          />
          <div>
            <Text size="sm" fw={600} id="better">
              Better is
            </Text>
            <SegmentedControl
              mt={24}
              aria-labelledby="better"
              value={body.better ?? "higher"}
              onChange={(value) => set({ better: value as Body["better"] })}
              data={[
                { value: "higher", label: "higher" },
                { value: "lower", label: "lower" },
              ]}
            />
          </div>
        </Group>
        {numeric && (
          <Switch
            label="A person's total may be below zero"
            description="As profit may: differences are compared, and there is no relative lift. Changing it after the start begins the verdict anew."
            checked={body.signed ?? false}
            onChange={(event) => set({ signed: event.currentTarget.checked })}
          />
        )}
        <Switch
          label="Global: measured for every campaign"
          checked={body.global ?? false}
          onChange={(event) => set({ global: event.currentTarget.checked })}
        />
        <Textarea
          label="Description"
          autosize
          minRows={2}
          value={body.description ?? ""}
          onChange={(event) => set({ description: event.currentTarget.value })}
        />
        <Text size="sm" c="dimmed">
          This counts {measured(body)}.
        </Text>
        {problem && elsewhere && <Trouble error={problem} />}
        {goal && (
          <Text size="xs" c="dimmed">
            Changing a goal after a campaign started begins its verdict anew; results say so.
          </Text>
        )}
        <Group justify="flex-end">
          <Button
            type="submit"
            loading={save.isPending}
            disabled={!may("editor") || !body.name.trim() || !body.event.trim()}
          >
            {goal ? "Save" : "Create goal"}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
