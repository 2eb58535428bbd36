import { notifications } from "@mantine/notifications";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { api, data, type Schemas } from "@/api/client";
import { useProject, useRole } from "@/app/project";
import { AudienceEditor } from "@/pages/campaign/AudienceEditor";
import { DefinitionForm } from "@/parts/DefinitionForm";
import { Loaded } from "@/parts/Loaded";
import { useTyped } from "@/parts/typed";
import { At } from "@/parts/wrong";
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
      {(view) => <Edit key={view.id} view={view} />}
    </Loaded>
  );
}

function Edit({ view, fresh }: { view?: View; fresh?: "list" | "condition" }) {
  const project = useProject();
  const may = useRole();
  const client = useQueryClient();
  const navigate = useNavigate();
  const typed = useTyped<Body>(`tailorbird:typed:${project}:audience:${view?.id ?? `new-${fresh}`}`, view, {
    name: "",
    type: fresh,
    condition: fresh === "condition" ? {} : undefined,
  });
  const { body, set } = typed;
  const list = body.type === "list";
  const refresh = () => client.invalidateQueries({ queryKey: ["project", project, "audiences"] });
  const save = useMutation({
    meta: { quiet: true },
    mutationFn: () =>
      view
        ? data(
            api.PUT("/v1/projects/{project}/audiences/{ref}", {
              params: { path: { project, ref: view.key }, header: { "If-Match": `"${typed.base}"` } },
              body,
            }),
          )
        : data(api.POST("/v1/projects/{project}/audiences", { params: { path: { project } }, body })),
    onError: refresh,
    async onSuccess(saved) {
      client.setQueryData(["project", project, "audiences", saved.key], saved);
      typed.drop();
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
  return (
    <DefinitionForm
      title={view?.body.name ?? (list ? "New list" : "New audience")}
      list={{ label: "Audiences", to: `/p/${project}/audiences` }}
      typed={typed}
      locked={locked}
      save={save}
      remove={
        view && {
          body: "It is refused while a campaign or another audience uses it. Its history stays.",
          act: () => remove.mutate(),
        }
      }
      after={list && view && <ListMembers audience={view} />}
    >
      {!list && (
        <At path="condition">
          <AudienceEditor
            audience={body.condition as never}
            named
            locked={locked}
            change={(made) => set({ condition: made as Body["condition"] })}
          />
        </At>
      )}
    </DefinitionForm>
  );
}
