import {
  Autocomplete,
  Button,
  Group,
  NumberInput,
  SegmentedControl,
  Select,
  SimpleGrid,
  Stack,
  Switch,
  Text,
  Textarea,
  TextInput,
} from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useMemo } from "react";
import { api, data, type Schemas } from "@/api/client";
import { ApiProblem, asProblem } from "@/api/problem";
import { schema } from "@/api/queries";
import { useProject, useRole } from "@/app/project";
import { JsonEditor } from "@/parts/JsonEditor";
import { Theirs } from "@/parts/Theirs";
import { Trouble } from "@/parts/Trouble";
import { isStale, useTyped } from "@/parts/typed";
import { below, sentence } from "@/parts/wrong";
import { measured } from "./Goals";

type Body = Schemas["Goal"];
type Aggregate = NonNullable<Body["aggregate"]>;
/** A goal as it is typed: its condition is a text, which may be none yet. */
type Form = Omit<Body, "where"> & { where: string };

const NEW: Form = { name: "", event: "", aggregate: "occurrence", where: "" };

const typedOf = (body: Body): Form => ({ ...body, where: body.where ? JSON.stringify(body.where, null, 2) : "" });

/** What the server is sent; throws where the condition is no JSON. */
function told({ where, ...form }: Form): Body {
  const body: Body = { ...form, where: where.trim() ? conditionOf(where) : null };
  if (!numeric(form.aggregate)) Object.assign(body, { property: null, signed: false });
  if (form.aggregate !== "ratio") body.per = null;
  return body;
}

function conditionOf(text: string): Body["where"] {
  try {
    return JSON.parse(text) as Body["where"];
  } catch (error) {
    const detail = `This is no JSON yet: ${(error as Error).message}.`;
    throw new ApiProblem(400, "The condition is no JSON", detail, {
      errors: [{ field: "where", expected: "a condition as JSON", got: "", detail }],
    });
  }
}

const numeric = (aggregate: Aggregate = "occurrence") => aggregate !== "occurrence" && aggregate !== "count";

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

const FIELDS = ["name", "event", "aggregate", "property", "currency", "per", "where", "window_days", "description"];
/** Fields that are not on the page for every aggregate. */
const SHOWN_FOR: Record<string, (aggregate: Aggregate) => boolean> = {
  property: numeric,
  currency: numeric,
  per: (aggregate) => aggregate === "ratio",
};
const isShown = (field: string, shown: string[]) => shown.some((one) => below(field, one) !== undefined);

type Props = { goal?: Schemas["Versioned_Goal_"]; done?: (saved: Schemas["Versioned_Goal_"]) => void };

/** Create a goal, or write a new version of one. */
export function GoalForm({ goal, done }: Props) {
  const project = useProject();
  const may = useRole();
  const client = useQueryClient();
  const seen = useQuery(schema(project));
  const live = useMemo(() => goal && { ...goal, body: typedOf(goal.body) }, [goal]);
  const typed = useTyped<Form>(`tailorbird:typed:${project}:goal:${goal?.id ?? "new"}`, live, NEW);
  const { body, set } = typed;
  const aggregate = body.aggregate ?? "occurrence";
  const events = (seen.data?.items ?? []).filter((one) => one.kind === "event").map((one) => one.name);
  const properties = (event: string) =>
    (seen.data?.items ?? [])
      .filter((one) => one.kind === "property" && one.name.startsWith(`${event}.`))
      .map((one) => one.name.slice(event.length + 1));
  const save = useMutation({
    meta: { quiet: true },
    mutationFn: async () => {
      const sent = told(body);
      if (!goal) return data(api.POST("/v1/projects/{project}/goals", { params: { path: { project } }, body: sent }));
      return data(
        api.PUT("/v1/projects/{project}/goals/{ref}", {
          params: { path: { project, ref: goal.key }, header: { "If-Match": `"${typed.base}"` } },
          body: sent,
        }),
      );
    },
    onError: () => client.invalidateQueries({ queryKey: ["project", project, "goals"] }),
    async onSuccess(saved) {
      client.setQueryData(["project", project, "goals", saved.key], saved);
      typed.drop();
      await client.invalidateQueries({ queryKey: ["project", project, "goals"] });
      notifications.show({ message: `${saved.body.name} is saved, version ${saved.version}.` });
      done?.(saved);
    },
  });
  const problem = save.error ? asProblem(save.error) : undefined;
  const shown = FIELDS.filter((one) => SHOWN_FOR[one]?.(aggregate) ?? true);
  const beside = (field: string) =>
    problem?.fields
      .filter((one) => below(one.field, field) !== undefined)
      .map((one) => sentence(one))
      .join(" ") || undefined;
  const elsewhere = problem && !(problem.fields.length > 0 && problem.fields.every((one) => isShown(one.field, shown)));
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        save.mutate();
      }}
    >
      <Stack>
        <Theirs typed={typed} />
        <TextInput
          label="Name"
          required
          placeholder="Orders"
          value={body.name}
          onChange={(event) => set({ name: event.currentTarget.value })}
          error={beside("name")}
        />
        <SimpleGrid cols={{ base: 1, xs: 2 }}>
          <Autocomplete
            label="Event"
            description="One that was seen, or will be"
            required
            data={[...new Set(events)].sort()}
            value={body.event}
            onChange={(event) => set({ event })}
            error={beside("event")}
          />
          <Select
            label="Measured by"
            description="Per person, within the window"
            allowDeselect={false}
            data={AGGREGATES}
            value={aggregate}
            onChange={(value) => set({ aggregate: value as Aggregate })}
            error={beside("aggregate")}
          />
        </SimpleGrid>
        {numeric(aggregate) && (
          <SimpleGrid cols={{ base: 1, xs: 2 }}>
            <Autocomplete
              label="Property"
              required
              data={[...new Set(properties(body.event))].sort()}
              value={body.property ?? ""}
              onChange={(property) => set({ property })}
              error={beside("property")}
            />
            <TextInput
              label="Currency"
              placeholder="EUR"
              maxLength={3}
              value={body.currency ?? ""}
              onChange={(event) => set({ currency: event.currentTarget.value.toUpperCase() || null })}
              error={beside("currency")}
            />
          </SimpleGrid>
        )}
        {aggregate === "ratio" && (
          <SimpleGrid cols={{ base: 1, xs: 2 }}>
            <Autocomplete
              label="Per event"
              description="The denominator, e.g. orders for revenue per order"
              required
              data={[...new Set(events)].sort()}
              value={body.per?.event ?? ""}
              onChange={(event) => set({ per: { ...body.per, event } })}
              error={beside("per")}
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
          </SimpleGrid>
        )}
        <JsonEditor
          label="Only where"
          description='A condition on the properties, e.g. {"shop": "Vienna"}. Empty: every such event.'
          value={body.where}
          onChange={(where) => set({ where })}
          minHeight={60}
          error={beside("where")}
        />
        <SimpleGrid cols={{ base: 1, xs: 2 }}>
          <NumberInput
            label="Window"
            description="Days from the first exposure in which it counts"
            min={0.01}
            suffix=" days"
            value={body.window_days === null ? "" : (body.window_days ?? 7)}
            onChange={(value) => set({ window_days: value === "" ? (null as never) : Number(value) })}
            error={beside("window_days")}
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
        </SimpleGrid>
        {numeric(aggregate) && (
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
          This counts {measured({ ...body, where: null })}.
        </Text>
        {elsewhere && !isStale(problem) && <Trouble error={problem} />}
        {goal && (
          <Text size="xs" c="dimmed">
            Changing a goal after a campaign started begins its verdict anew; results say so.
          </Text>
        )}
        <Group justify="flex-end">
          <Button
            type="submit"
            loading={save.isPending}
            disabled={!may("editor") || !body.name.trim() || !body.event.trim() || typed.theirs !== null}
          >
            {goal ? "Save" : "Create goal"}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
