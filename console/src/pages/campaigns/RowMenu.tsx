import { ActionIcon, Menu } from "@mantine/core";
import {
  IconArchive,
  IconArchiveOff,
  IconChartBar,
  IconCopy,
  IconDots,
  IconPlayerPause,
  IconPlayerPlay,
} from "@tabler/icons-react";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { api, data } from "@/api/client";
import { useProject, useRole } from "@/app/project";
import { type CampaignView, useArchive, useVerb } from "./verbs";

/** What can be done with one campaign of the list. */
export function RowMenu({ campaign }: { campaign: CampaignView }) {
  const project = useProject();
  const may = useRole();
  const verb = useVerb();
  const archive = useArchive();
  const client = useQueryClient();
  const navigate = useNavigate();
  const { key, body } = campaign;
  const clone = useMutation({
    mutationFn: () =>
      data(
        api.POST("/v1/projects/{project}/campaigns/{ref}/clone", {
          params: { path: { project, ref: key } },
          body: { name: `${body.name} (copy)` },
        }),
      ),
    onSuccess: async (made) => {
      await client.invalidateQueries({ queryKey: ["project", project, "campaigns"] });
      await navigate({ to: `/p/${project}/campaigns/${made.key}` });
    },
  });
  const state = body.status ?? "draft";
  const publisher = may("publisher");
  return (
    <Menu position="bottom-end" withinPortal>
      <Menu.Target>
        <ActionIcon variant="subtle" color="gray" aria-label={`What can be done with ${body.name}`}>
          <IconDots size={16} />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Item
          leftSection={<IconChartBar size={14} />}
          component={Link}
          to={`/p/${project}/campaigns/${key}/results`}
        >
          Results
        </Menu.Item>
        <Menu.Item leftSection={<IconCopy size={14} />} disabled={!may("editor")} onClick={() => clone.mutate()}>
          Clone
        </Menu.Item>
        {state === "running" && (
          <Menu.Item
            leftSection={<IconPlayerPause size={14} />}
            disabled={!publisher}
            onClick={() => verb.mutate({ ref: key, verb: "pause" })}
          >
            Pause
          </Menu.Item>
        )}
        {state === "paused" && (
          <Menu.Item
            leftSection={<IconPlayerPlay size={14} />}
            disabled={!publisher}
            onClick={() => verb.mutate({ ref: key, verb: "start" })}
          >
            Resume
          </Menu.Item>
        )}
        {state === "archived" ? (
          <>
            <Menu.Item
              leftSection={<IconArchiveOff size={14} />}
              disabled={!publisher}
              onClick={() => verb.mutate({ ref: key, verb: "restore" })}
            >
              Restore as it was
            </Menu.Item>
            <Menu.Item disabled={!publisher} onClick={() => verb.mutate({ ref: key, verb: "draft" })}>
              Back to draft
            </Menu.Item>
          </>
        ) : (
          <Menu.Item
            leftSection={<IconArchive size={14} />}
            disabled={!publisher}
            onClick={() => archive({ key, name: body.name, status: state })}
          >
            Archive
          </Menu.Item>
        )}
      </Menu.Dropdown>
    </Menu>
  );
}
