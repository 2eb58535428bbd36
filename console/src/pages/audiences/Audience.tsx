import { Anchor, Button, Group, Paper, Stack, Textarea, TextInput } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link, useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { useState } from "react";
import { api, data, type Schemas } from "@/api/client";
import { asProblem } from "@/api/problem";
import { useProject, useRole } from "@/app/project";
import { AudienceEditor } from "@/pages/campaign/AudienceEditor";
import { confirm } from "@/parts/confirm";
import { Loaded } from "@/parts/Loaded";
import { Page } from "@/parts/Page";
import { Trouble } from "@/parts/Trouble";
import { ListMembers } from "./ListMembers";

type View = Schemas["Versioned_Audience_"];
type Body = Schemas["Audience"];

/** One audience, or a new one. */
export function Audience() {
  const project = useProject();
  const { ref = "" } = useParams({ strict: false }) as { ref?: string };
  const { type } = useSearch({ strict: false }) as { type?: string };
  const found = useQuery({
    queryKey: ["project", project, "audiences", ref],
    enabled: ref !== "new",
    queryFn: () => data(api.GET("/v1/projects/{project}/audiences/{ref}", { params: { path: { project, ref } } })),
  });
  if (ref === "new") return <Edit key={type} fresh={type === "list" ? "list" : "condition"} />;
  return (
    <Loaded query={found} lines={6}>
      {(view) => <Edit key={view.version} view={view} />}
    </Loaded>
  );
}

function Edit({ view, fresh }: { view?: View; fresh?: "list" | "condition" }) {
  const project = useProject();
  const may = useRole();
  const client = useQueryClient();
  const navigate = useNavigate();
  const [body, setBody] = useState<Body>(
    view?.body ?? { name: "", type: fresh, condition: fresh === "condition" ? {} : undefined },
  );
  const set = (change: Partial<Body>) => setBody({ ...body, ...change });
  const list = body.type === "list";
  const refresh = () => client.invalidateQueries({ queryKey: ["project", project, "audiences"] });
  const save = useMutation({
    meta: { quiet: true },
    mutationFn: () =>
      view
        ? data(
            api.PUT("/v1/projects/{project}/audiences/{ref}", {
              params: { path: { project, ref: view.key }, header: { "If-Match": `"${view.version}"` } },
              body,
            }),
          )
        : data(api.POST("/v1/projects/{project}/audiences", { params: { path: { project } }, body })),
    async onSuccess(saved) {
      await refresh();
      notifications.show({
        message: `${saved.body.name} is saved. Campaigns that ask for it follow within two seconds.`,
      });
      if (!view) await navigate({ to: `/p/${project}/audiences/${saved.key}`, search: {} });
    },
  });
  const remove = useMutation({
    mutationFn: () =>
      api.DELETE("/v1/projects/{project}/audiences/{ref}", { params: { path: { project, ref: view!.key } } }),
    async onSuccess() {
      await navigate({ to: `/p/${project}/audiences` });
      await refresh();
    },
  });
  const locked = !may("editor");
  const problem = save.error ? asProblem(save.error) : undefined;
  return (
    <Page
      title={view?.body.name ?? (list ? "New list" : "New audience")}
      above={
        <Anchor component={Link} to={`/p/${project}/audiences`} size="sm">
          Audiences
        </Anchor>
      }
      actions={
        view &&
        !locked && (
          <Button
            variant="default"
            onClick={() =>
              confirm({
                title: `Delete ${view.body.name}?`,
                body: "It is refused while a campaign or another audience uses it. Its history stays.",
                verb: "Delete",
                danger: true,
                act: () => remove.mutate(),
              })
            }
          >
            Delete
          </Button>
        )
      }
    >
      <Paper withBorder p="md">
        <Stack>
          <Group grow align="flex-start" maw={720}>
            <TextInput
              label="Name"
              required
              disabled={locked}
              value={body.name}
              onChange={(event) => set({ name: event.currentTarget.value })}
              error={problem?.at("name") ?? problem?.at("key")}
            />
            <Textarea
              label="Description"
              autosize
              disabled={locked}
              value={body.description ?? ""}
              onChange={(event) => set({ description: event.currentTarget.value })}
            />
          </Group>
          {!list && (
            <AudienceEditor
              audience={body.condition as never}
              named
              locked={locked}
              change={(made) => set({ condition: made as Body["condition"] })}
            />
          )}
          {problem && !problem.at("name") && !problem.at("key") && <Trouble error={problem} />}
          <Group>
            <Button loading={save.isPending} disabled={locked || !body.name.trim()} onClick={() => save.mutate()}>
              {view ? "Save" : "Create"}
            </Button>
          </Group>
        </Stack>
      </Paper>
      {list && view && <ListMembers audience={view} />}
    </Page>
  );
}
