CREATE TABLE `api_key` (
  `id` varchar(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  `key_hash` varchar(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  `name` varchar(255) COLLATE utf8mb4_0900_bin NOT NULL,
  `tenant_id` varchar(64) CHARACTER SET ascii COLLATE ascii_bin DEFAULT NULL,
  `tenant_unit_id` varchar(64) CHARACTER SET ascii COLLATE ascii_bin DEFAULT NULL,
  `scopes` varchar(255) COLLATE utf8mb4_0900_bin NOT NULL,
  `created_time` datetime(3) NOT NULL,
  `expires_time` datetime(3) DEFAULT NULL,
  `revoked_time` datetime(3) DEFAULT NULL,
  PRIMARY KEY (`id`),
  UNIQUE KEY `api_key_by_hash` (`key_hash`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_0900_bin;
CREATE TABLE `conversation` (
  `tenant_id` varchar(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  `id` varchar(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  `tenant_unit_id` varchar(64) CHARACTER SET ascii COLLATE ascii_bin DEFAULT NULL,
  `topic` varchar(255) COLLATE utf8mb4_0900_bin NOT NULL,
  `status` varchar(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  `agent_id` varchar(64) CHARACTER SET ascii COLLATE ascii_bin DEFAULT NULL,
  `agent_mode` varchar(64) COLLATE utf8mb4_0900_bin DEFAULT NULL,
  `agent_type` varchar(64) COLLATE utf8mb4_0900_bin DEFAULT NULL,
  `assignment_id` varchar(255) CHARACTER SET ascii COLLATE ascii_bin DEFAULT NULL,
  `user_id` varchar(255) CHARACTER SET ascii COLLATE ascii_bin DEFAULT NULL,
  `invoke_from` varchar(64) COLLATE utf8mb4_0900_bin DEFAULT NULL,
  `inputs` mediumtext COLLATE utf8mb4_0900_bin NOT NULL,
  `extend_properties` mediumtext COLLATE utf8mb4_0900_bin NOT NULL,
  `message_count` bigint NOT NULL,
  `version` bigint NOT NULL,
  `created_time` datetime(3) NOT NULL,
  `updated_time` datetime(3) NOT NULL,
  `created_by` varchar(255) COLLATE utf8mb4_0900_bin DEFAULT NULL,
  `created_by_name` varchar(255) COLLATE utf8mb4_0900_bin DEFAULT NULL,
  `created_by_role` varchar(255) COLLATE utf8mb4_0900_bin DEFAULT NULL,
  `updated_by` varchar(255) COLLATE utf8mb4_0900_bin DEFAULT NULL,
  `updated_by_name` varchar(255) COLLATE utf8mb4_0900_bin DEFAULT NULL,
  `updated_by_role` varchar(255) COLLATE utf8mb4_0900_bin DEFAULT NULL,
  `external_id` varchar(255) CHARACTER SET ascii COLLATE ascii_bin DEFAULT NULL,
  `external_unit_id` varchar(64) CHARACTER SET ascii COLLATE ascii_bin DEFAULT NULL,
  `forked_from_id` varchar(64) CHARACTER SET ascii COLLATE ascii_bin DEFAULT NULL,
  `forked_from_sequence` bigint DEFAULT NULL,
  `written_time` datetime(3) NOT NULL DEFAULT '1970-01-01 00:00:00.000',
  `largest_message` bigint DEFAULT NULL,
  PRIMARY KEY (`tenant_id`,`id`),
  UNIQUE KEY `conversation_by_external_id` (`tenant_id`,`external_id`,`external_unit_id`),
  KEY `conversation_by_tenant_unit_id` (`tenant_id`,`tenant_unit_id`,`id`),
  KEY `conversation_by_agent_id` (`tenant_id`,`agent_id`,`id`),
  KEY `conversation_by_status` (`tenant_id`,`status`,`id`),
  KEY `conversation_by_assignment_id` (`tenant_id`,`assignment_id`,`id`),
  KEY `conversation_by_user_id` (`tenant_id`,`user_id`,`id`),
  KEY `conversation_by_unit_agent_id` (`tenant_id`,`tenant_unit_id`,`agent_id`,`id`),
  KEY `conversation_by_unit_status` (`tenant_id`,`tenant_unit_id`,`status`,`id`),
  KEY `conversation_by_unit_assignment_id` (`tenant_id`,`tenant_unit_id`,`assignment_id`,`id`),
  KEY `conversation_by_unit_user_id` (`tenant_id`,`tenant_unit_id`,`user_id`,`id`),
  KEY `conversation_by_activity` (`tenant_id`,`updated_time`,`id`),
  KEY `conversation_by_unit_activity` (`tenant_id`,`tenant_unit_id`,`updated_time`,`id`),
  KEY `conversation_by_user_activity` (`tenant_id`,`user_id`,`updated_time`,`id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_0900_bin;
CREATE TABLE `conversation_count` (
  `tenant_id` varchar(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  `agent_id` varchar(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  `status` varchar(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  `tenant_unit_id` varchar(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  `shard` bigint NOT NULL,
  `total` bigint NOT NULL,
  PRIMARY KEY (`tenant_id`,`agent_id`,`status`,`tenant_unit_id`,`shard`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_0900_bin;
CREATE TABLE `deleted_conversation` (
  `tenant_id` varchar(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  `id` varchar(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  `tenant_unit_id` varchar(64) CHARACTER SET ascii COLLATE ascii_bin DEFAULT NULL,
  `message_count` bigint NOT NULL,
  `purged_sequence` bigint NOT NULL,
  `claimed_until` datetime(3) NOT NULL,
  PRIMARY KEY (`tenant_id`,`id`),
  KEY `deleted_conversation_by_claim` (`claimed_until`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_0900_bin;
CREATE TABLE `event` (
  `tenant_id` varchar(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  `epoch` varchar(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  `position` bigint NOT NULL,
  `conversation_id` varchar(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  `tenant_unit_id` varchar(64) CHARACTER SET ascii COLLATE ascii_bin DEFAULT NULL,
  `type` varchar(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  `event_time` datetime(3) NOT NULL,
  `version` bigint NOT NULL,
  `event_count` bigint NOT NULL,
  `data` mediumtext COLLATE utf8mb4_0900_bin NOT NULL,
  PRIMARY KEY (`tenant_id`,`epoch`,`position`),
  KEY `event_by_conversation` (`tenant_id`,`conversation_id`,`epoch`,`position`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_0900_bin;
CREATE TABLE `event_pending` (
  `tenant_id` varchar(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  `id` varchar(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  `conversation_id` varchar(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  `tenant_unit_id` varchar(64) CHARACTER SET ascii COLLATE ascii_bin DEFAULT NULL,
  `type` varchar(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  `event_time` datetime(3) NOT NULL,
  `version` bigint NOT NULL,
  `event_count` bigint NOT NULL,
  `data` mediumtext COLLATE utf8mb4_0900_bin NOT NULL,
  PRIMARY KEY (`tenant_id`,`id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_0900_bin;
CREATE TABLE `feed` (
  `tenant_id` varchar(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  `epoch` varchar(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  `first_position` bigint NOT NULL,
  `last_position` bigint NOT NULL,
  `published_time` datetime(3) NOT NULL DEFAULT '1970-01-01 00:00:00.000',
  PRIMARY KEY (`tenant_id`,`epoch`),
  KEY `feed_by_published_time` (`published_time`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_0900_bin;
CREATE TABLE `feed_epoch` (
  `id` varchar(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  `epoch` varchar(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  PRIMARY KEY (`id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_0900_bin;
CREATE TABLE `idempotency_record` (
  `tenant_id` varchar(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  `id` varchar(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  `tenant_unit_id` varchar(64) CHARACTER SET ascii COLLATE ascii_bin DEFAULT NULL,
  `fingerprint` varchar(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  `status` bigint NOT NULL,
  `headers` mediumtext COLLATE utf8mb4_0900_bin NOT NULL,
  `body` mediumblob NOT NULL,
  `expires_time` datetime(3) NOT NULL,
  `done_id` varchar(64) CHARACTER SET ascii COLLATE ascii_bin DEFAULT NULL,
  `done_sequences` mediumtext COLLATE utf8mb4_0900_bin,
  PRIMARY KEY (`tenant_id`,`id`),
  KEY `idempotency_record_by_expiry` (`expires_time`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_0900_bin;
CREATE TABLE `job_lease` (
  `id` varchar(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  `holder_id` varchar(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  `held_until` datetime(3) NOT NULL,
  PRIMARY KEY (`id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_0900_bin;
CREATE TABLE `message` (
  `tenant_id` varchar(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  `conversation_id` varchar(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  `sequence` bigint NOT NULL,
  `id` varchar(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  `tenant_unit_id` varchar(64) CHARACTER SET ascii COLLATE ascii_bin DEFAULT NULL,
  `message_from` varchar(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  `content` mediumtext COLLATE utf8mb4_0900_bin NOT NULL,
  `run_id` varchar(255) CHARACTER SET ascii COLLATE ascii_bin DEFAULT NULL,
  `agent_id` varchar(64) CHARACTER SET ascii COLLATE ascii_bin DEFAULT NULL,
  `user_id` varchar(255) CHARACTER SET ascii COLLATE ascii_bin DEFAULT NULL,
  `requested_time` datetime(3) NOT NULL,
  `input_tokens` bigint NOT NULL,
  `answer_tokens` bigint NOT NULL,
  `total_tokens` bigint NOT NULL,
  `feedback` varchar(2000) COLLATE utf8mb4_0900_bin DEFAULT NULL,
  `metadata` mediumtext COLLATE utf8mb4_0900_bin NOT NULL,
  `version` bigint NOT NULL,
  `created_time` datetime(3) NOT NULL,
  `updated_time` datetime(3) NOT NULL,
  `created_by` varchar(255) COLLATE utf8mb4_0900_bin DEFAULT NULL,
  `created_by_name` varchar(255) COLLATE utf8mb4_0900_bin DEFAULT NULL,
  `created_by_role` varchar(255) COLLATE utf8mb4_0900_bin DEFAULT NULL,
  `updated_by` varchar(255) COLLATE utf8mb4_0900_bin DEFAULT NULL,
  `updated_by_name` varchar(255) COLLATE utf8mb4_0900_bin DEFAULT NULL,
  `updated_by_role` varchar(255) COLLATE utf8mb4_0900_bin DEFAULT NULL,
  `parts` mediumtext COLLATE utf8mb4_0900_bin,
  `external_id` varchar(255) CHARACTER SET ascii COLLATE ascii_bin DEFAULT NULL,
  `hidden` tinyint NOT NULL DEFAULT '0',
  `redacted_time` datetime(3) DEFAULT NULL,
  PRIMARY KEY (`tenant_id`,`conversation_id`,`sequence`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_0900_bin;
CREATE TABLE `message_name` (
  `tenant_id` varchar(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  `conversation_id` varchar(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  `external_id` varchar(255) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  `tenant_unit_id` varchar(64) CHARACTER SET ascii COLLATE ascii_bin DEFAULT NULL,
  `sequence` bigint NOT NULL,
  PRIMARY KEY (`tenant_id`,`conversation_id`,`external_id`),
  KEY `message_name_by_sequence` (`tenant_id`,`conversation_id`,`sequence`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_0900_bin;
CREATE TABLE `migrations` (
  `id` int NOT NULL AUTO_INCREMENT,
  `timestamp` bigint NOT NULL,
  `name` varchar(255) COLLATE utf8mb4_unicode_520_ci NOT NULL,
  PRIMARY KEY (`id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_520_ci;
CREATE TABLE `webhook` (
  `tenant_id` varchar(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  `id` varchar(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  `tenant_unit_id` varchar(64) CHARACTER SET ascii COLLATE ascii_bin DEFAULT NULL,
  `url` varchar(2048) COLLATE utf8mb4_0900_bin NOT NULL,
  `description` varchar(255) COLLATE utf8mb4_0900_bin DEFAULT NULL,
  `types` mediumtext COLLATE utf8mb4_0900_bin,
  `disabled_reason` varchar(64) CHARACTER SET ascii COLLATE ascii_bin DEFAULT NULL,
  `secret` varchar(255) COLLATE utf8mb4_0900_bin NOT NULL,
  `previous_secret` varchar(255) COLLATE utf8mb4_0900_bin DEFAULT NULL,
  `previous_secret_until` datetime(3) DEFAULT NULL,
  `version` bigint NOT NULL,
  `created_time` datetime(3) NOT NULL,
  `updated_time` datetime(3) NOT NULL,
  `created_by` varchar(255) COLLATE utf8mb4_0900_bin DEFAULT NULL,
  `created_by_name` varchar(255) COLLATE utf8mb4_0900_bin DEFAULT NULL,
  `created_by_role` varchar(255) COLLATE utf8mb4_0900_bin DEFAULT NULL,
  `updated_by` varchar(255) COLLATE utf8mb4_0900_bin DEFAULT NULL,
  `updated_by_name` varchar(255) COLLATE utf8mb4_0900_bin DEFAULT NULL,
  `updated_by_role` varchar(255) COLLATE utf8mb4_0900_bin DEFAULT NULL,
  PRIMARY KEY (`tenant_id`,`id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_0900_bin;
CREATE TABLE `webhook_attempt` (
  `tenant_id` varchar(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  `webhook_id` varchar(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  `id` varchar(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  `tenant_unit_id` varchar(64) CHARACTER SET ascii COLLATE ascii_bin DEFAULT NULL,
  `event_id` varchar(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  `type` varchar(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  `attempt` bigint NOT NULL,
  `time` datetime(3) NOT NULL,
  `status` bigint DEFAULT NULL,
  `duration_ms` bigint NOT NULL,
  `error` varchar(255) COLLATE utf8mb4_0900_bin DEFAULT NULL,
  `outcome` varchar(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  PRIMARY KEY (`tenant_id`,`webhook_id`,`id`),
  KEY `webhook_attempt_by_time` (`time`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_0900_bin;
CREATE TABLE `webhook_lane` (
  `tenant_id` varchar(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  `id` varchar(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  `tenant_unit_id` varchar(64) CHARACTER SET ascii COLLATE ascii_bin DEFAULT NULL,
  `epoch` varchar(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  `position` bigint NOT NULL,
  `replay_position` bigint NOT NULL,
  `replay_end` bigint NOT NULL,
  `due_time` datetime(3) NOT NULL,
  `claimed_until` datetime(3) NOT NULL,
  `failures` bigint NOT NULL,
  `failing_since` datetime(3) DEFAULT NULL,
  `wake_time` datetime(3) DEFAULT '1970-01-01 00:00:00.000',
  PRIMARY KEY (`tenant_id`,`id`),
  KEY `webhook_lane_by_wake_time` (`failures`,`wake_time`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_0900_bin;
CREATE TABLE `webhook_retry` (
  `tenant_id` varchar(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  `webhook_id` varchar(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  `epoch` varchar(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  `position` bigint NOT NULL,
  `tenant_unit_id` varchar(64) CHARACTER SET ascii COLLATE ascii_bin DEFAULT NULL,
  `attempts` bigint NOT NULL,
  `due_time` datetime(3) NOT NULL,
  PRIMARY KEY (`tenant_id`,`webhook_id`,`epoch`,`position`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_0900_bin;
