import { Textarea } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useNavigate, useParams } from "@tanstack/react-router";
import { api, data, type Schemas } from "@/api/client";
import { useProject, useRole } from "@/app/project";
import { ContentEditor } from "@/pages/campaign/content/ContentEditor";
import { DefinitionForm } from "@/parts/DefinitionForm";
import { Loaded } from "@/parts/Loaded";
import { useTyped } from "@/parts/typed";

type View = Schemas["Versioned_Template_"];
type Body = Schemas["Template"];

/** One template, or a new one. */
export function Template() {
  const project = useProject();
  const { ref = "" } = useParams({ strict: false }) as { ref?: string };
  const found = useQuery({
    queryKey: ["project", project, "templates", ref],
    enabled: ref !== "new",
    queryFn: () => data(api.GET("/v1/projects/{project}/templates/{ref}", { params: { path: { project, ref } } })),
  });
  if (ref === "new") return <Edit />;
  return (
    <Loaded query={found} lines={6}>
      {(view) => <Edit key={view.id} view={view} />}
    </Loaded>
  );
}

function Edit({ view }: { view?: View }) {
  const project = useProject();
  const may = useRole();
  const client = useQueryClient();
  const navigate = useNavigate();
  const typed = useTyped<Body>(`tailorbird:typed:${project}:template:${view?.id ?? "new"}`, view, {
    name: "",
    content: { messages: [{ rows: [] }] },
  });
  const { body, set } = typed;
  const refresh = () => client.invalidateQueries({ queryKey: ["project", project, "templates"] });
  const save = useMutation({
    meta: { quiet: true },
    mutationFn: () =>
      view
        ? data(
            api.PUT("/v1/projects/{project}/templates/{ref}", {
              params: { path: { project, ref: view.key }, header: { "If-Match": `"${typed.base}"` } },
              body,
            }),
          )
        : data(api.POST("/v1/projects/{project}/templates", { params: { path: { project } }, body })),
    onError: refresh,
    async onSuccess(saved) {
      client.setQueryData(["project", project, "templates", saved.key], saved);
      typed.drop();
      await refresh();
      notifications.show({ message: `${saved.body.name} is saved.` });
      if (!view) await navigate({ to: `/p/${project}/templates/${saved.key}` });
    },
  });
  const remove = useMutation({
    mutationFn: () =>
      api.DELETE("/v1/projects/{project}/templates/{ref}", { params: { path: { project, ref: view!.key } } }),
    async onSuccess() {
      await navigate({ to: `/p/${project}/templates` });
      await refresh();
    },
  });
  const locked = !may("editor");
  return (
    <DefinitionForm
      title={view?.body.name ?? "New template"}
      list={{ label: "Templates", to: `/p/${project}/templates` }}
      typed={typed}
      locked={locked}
      save={save}
      remove={view && { body: "Experiences that were started from it keep their content.", act: () => remove.mutate() }}
    >
      <ContentEditor
        rule={{ experiences: [{ name: body.name, content: body.content }] }}
        index={0}
        alone
        locked={locked}
        change={(rule) => set({ content: rule.experiences?.[0]?.content ?? {} })}
      />
      <Textarea
        label="Client code"
        description="What campaigns of the channel web return compiled beside the content"
        styles={{ input: { fontFamily: "var(--mantine-font-family-monospace)" } }}
        autosize
        minRows={3}
        maxRows={16}
        disabled={locked}
        value={body.client_bundle ?? ""}
        onChange={(event) => set({ client_bundle: event.currentTarget.value || null })}
      />
    </DefinitionForm>
  );
}
