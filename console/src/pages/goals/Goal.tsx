import { Anchor, Button, Paper } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link, useNavigate, useParams } from "@tanstack/react-router";
import { api, data } from "@/api/client";
import { useProject, useRole } from "@/app/project";
import { confirm } from "@/parts/confirm";
import { Loaded } from "@/parts/Loaded";
import { Page } from "@/parts/Page";
import { GoalForm } from "./GoalForm";

/** One goal. */
export function Goal() {
  const project = useProject();
  const may = useRole();
  const { ref = "" } = useParams({ strict: false }) as { ref?: string };
  const client = useQueryClient();
  const navigate = useNavigate();
  const path = { path: { project, ref } };
  const found = useQuery({
    queryKey: ["project", project, "goals", ref],
    queryFn: () => data(api.GET("/v1/projects/{project}/goals/{ref}", { params: path })),
  });
  const remove = useMutation({
    mutationFn: () => api.DELETE("/v1/projects/{project}/goals/{ref}", { params: path }),
    async onSuccess() {
      await navigate({ to: `/p/${project}/goals` });
      await client.invalidateQueries({ queryKey: ["project", project, "goals"] });
    },
  });
  return (
    <Loaded query={found} lines={6}>
      {(goal) => (
        <Page
          title={goal.body.name}
          above={
            <Anchor component={Link} to={`/p/${project}/goals`} size="sm">
              Goals
            </Anchor>
          }
          actions={
            may("editor") && (
              <Button
                variant="default"
                onClick={() =>
                  confirm({
                    title: `Delete ${goal.body.name}?`,
                    body: "It is refused while a campaign uses it. Its history stays.",
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
          <Paper withBorder p="md" maw={720}>
            <GoalForm key={goal.id} goal={goal} />
          </Paper>
        </Page>
      )}
    </Loaded>
  );
}
