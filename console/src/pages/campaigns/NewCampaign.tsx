import { Anchor, Button, Group, Paper, Radio, Select, Stack, TextInput } from "@mantine/core";
import { useSessionStorage } from "@mantine/hooks";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { api, data, type Schemas } from "@/api/client";
import { asProblem } from "@/api/problem";
import { campaigns, templates } from "@/api/queries";
import { useProject } from "@/app/project";
import { Page } from "@/parts/Page";
import { Trouble } from "@/parts/Trouble";

type Kind = NonNullable<Schemas["Campaign"]["kind"]>;
type Start = "scratch" | "template" | "clone";

/** What was chosen so far, which outlives a reload. */
type Typed = { name: string; kind: Kind; start: Start; from: string | null };
const BLANK: Typed = { name: "", kind: "personalization", start: "scratch", from: null };

/** The campaign that somebody begins with: valid as a draft, and not more than they asked for. */
function first(name: string, kind: Kind, template?: string): Schemas["Campaign"] {
  const of = template ? { template: { template } } : {};
  const experiences =
    kind === "experiment"
      ? [
          { name: "A", weight: 1, ...of },
          { name: "B", weight: 1, ...of },
        ]
      : [{ name: "Variant", weight: 1, ...of }];
  return {
    name,
    kind,
    control: kind === "experiment" ? 0 : 5,
    rules: [
      {
        name: kind === "experiment" ? "Everyone" : "",
        audience: kind === "experiment" ? "everyone" : null,
        experiences,
      },
    ],
  };
}

/** Where a campaign begins. */
export function NewCampaign() {
  const project = useProject();
  const navigate = useNavigate();
  const client = useQueryClient();
  const [typed, setTyped, forget] = useSessionStorage<Typed>({
    key: `tailorbird:new-campaign:${project}`,
    defaultValue: BLANK,
    getInitialValueInEffect: false,
  });
  const { name, kind, start, from } = typed;
  const set = (part: Partial<Typed>) => setTyped((old) => ({ ...old, ...part }));
  const existing = useQuery(campaigns(project));
  const saved = useQuery(templates(project));
  const create = useMutation({
    meta: { quiet: true },
    mutationFn: () => {
      if (start === "clone")
        return data(
          api.POST("/v1/projects/{project}/campaigns/{ref}/clone", {
            params: { path: { project, ref: from! } },
            body: { name },
          }),
        );
      return data(
        api.POST("/v1/projects/{project}/campaigns", {
          params: { path: { project } },
          body: first(name, kind, start === "template" ? from! : undefined),
        }),
      );
    },
    async onSuccess(made) {
      forget();
      await client.invalidateQueries({ queryKey: ["project", project, "campaigns"] });
      await navigate({ to: `/p/${project}/campaigns/${made.key}` });
    },
  });
  const problem = create.error ? asProblem(create.error) : undefined;
  const sources = start === "clone" ? existing.data?.items : saved.data?.items;
  return (
    <Page
      title="New campaign"
      above={
        <Anchor component={Link} to={`/p/${project}/campaigns`} size="sm">
          Campaigns
        </Anchor>
      }
    >
      <Paper withBorder p="lg" maw={620}>
        <form
          onSubmit={(event) => {
            event.preventDefault();
            create.mutate();
          }}
        >
          <Stack>
            <TextInput
              label="Name"
              placeholder="Home hero"
              required
              autoFocus
              value={name}
              onChange={(event) => set({ name: event.currentTarget.value })}
              error={problem?.at("name") ?? problem?.at("key")}
            />
            <Radio.Group label="Begin" value={start} onChange={(value) => set({ start: value as Start, from: null })}>
              <Group mt={6}>
                <Radio value="scratch" label="From scratch" />
                <Radio value="template" label="From a template" disabled={!saved.data?.items.length} />
                <Radio value="clone" label="As a copy of a campaign" disabled={!existing.data?.items.length} />
              </Group>
            </Radio.Group>
            {start !== "scratch" && (
              <Select
                label={start === "clone" ? "Campaign" : "Template"}
                searchable
                required
                data={(sources ?? []).map((one) => ({ value: one.key, label: one.body.name }))}
                value={from}
                onChange={(made) => set({ from: made })}
              />
            )}
            {start !== "clone" && (
              <Radio.Group label="What is it?" value={kind} onChange={(value) => set({ kind: value as Kind })}>
                <Stack gap={6} mt={6}>
                  <Radio
                    value="personalization"
                    label="A personalization"
                    description="Different people see different things; a small control group tells whether it helps"
                  />
                  <Radio
                    value="experiment"
                    label="An experiment"
                    description="Everyone takes part; experiences are compared with each other"
                  />
                </Stack>
              </Radio.Group>
            )}
            {problem && !problem.at("name") && !problem.at("key") && <Trouble error={problem} />}
            <Group justify="flex-end">
              <Button
                type="submit"
                loading={create.isPending}
                disabled={!name.trim() || (start !== "scratch" && !from)}
              >
                Create
              </Button>
            </Group>
          </Stack>
        </form>
      </Paper>
    </Page>
  );
}
