# What the document of ai-proxy-multi shows, a section per example: the calls of a reader of it, with this
# test's upstream in the place of vendors.

# ask <times> [more arguments]
ask() {
    local times=$1 && shift
    for ((i = 0; i < times; i++)); do
        call "http://127.0.0.1:9080/anything" -X POST -H "Content-Type: application/json" "$@" \
            -d '{"messages": [
              {"role": "system", "content": "You are a mathematician"},
              {"role": "user", "content": "What is 1+1?"}
            ]}'
    done
}

## by weight
admin routes/ai-proxy-multi-route <<END
{
  "uri": "/anything",
  "methods": ["POST"],
  "plugins": {
    "ai-proxy-multi": {
      "instances": [
        {
          "name": "openai-instance",
          "provider": "openai",
          "weight": 8,
          "auth": {"header": {"Authorization": "Bearer $OPENAI_API_KEY"}},
          "options": {"model": "gpt-4"},
          "override": {"endpoint": "$MODELS"}
        },
        {
          "name": "deepseek-instance",
          "provider": "deepseek",
          "weight": 2,
          "auth": {"header": {"Authorization": "Bearer $DEEPSEEK_API_KEY"}},
          "options": {"model": "deepseek-chat"},
          "override": {"endpoint": "$MODELS"}
        }
      ]
    }
  }
}
END
ask 10

## by priority, past a limit
admin routes/ai-proxy-multi-route <<END
{
  "uri": "/anything",
  "methods": ["POST"],
  "plugins": {
    "ai-proxy-multi": {
      "fallback_strategy": "instance_health_and_rate_limiting",
      "instances": [
        {
          "name": "openai-instance",
          "provider": "openai",
          "priority": 1,
          "weight": 0,
          "auth": {"header": {"Authorization": "Bearer $OPENAI_API_KEY"}},
          "options": {"model": "gpt-4"},
          "override": {"endpoint": "$MODELS"}
        },
        {
          "name": "deepseek-instance",
          "provider": "deepseek",
          "priority": 0,
          "weight": 0,
          "auth": {"header": {"Authorization": "Bearer $DEEPSEEK_API_KEY"}},
          "options": {"model": "deepseek-chat"},
          "override": {"endpoint": "$MODELS"}
        }
      ]
    },
    "ai-rate-limiting": {
      "instances": [{"name": "openai-instance", "limit": 10, "time_window": 60}],
      "limit_strategy": "total_tokens"
    }
  }
}
END
ask 2 -i

## by priority, past a failure
admin routes/ai-proxy-multi-route <<END
{
  "uri": "/anything",
  "methods": ["POST"],
  "plugins": {
    "ai-proxy-multi": {
      "fallback_strategy": ["http_429", "http_5xx"],
      "instances": [
        {
          "name": "limited-instance",
          "provider": "openai",
          "priority": 2,
          "weight": 1,
          "auth": {"header": {"Authorization": "Bearer $OPENAI_API_KEY"}},
          "options": {"model": "fail-429"},
          "override": {"endpoint": "$MODELS"}
        },
        {
          "name": "failing-instance",
          "provider": "openai-compatible",
          "priority": 1,
          "weight": 1,
          "auth": {"header": {"Authorization": "Bearer placeholder"}},
          "options": {"model": "fail-503"},
          "override": {"endpoint": "$MODELS/v1/chat/completions"}
        },
        {
          "name": "deepseek-instance",
          "provider": "deepseek",
          "priority": 0,
          "weight": 1,
          "auth": {"header": {"Authorization": "Bearer $DEEPSEEK_API_KEY"}},
          "options": {"model": "deepseek-chat"},
          "override": {"endpoint": "$MODELS"}
        }
      ]
    }
  }
}
END
ask 1

## for each consumer a share
for name in johndoe janedoe; do
    admin consumers/$name <<END
{
  "username": "$name",
  "plugins": {
    "ai-rate-limiting": {
      "instances": [{"name": "$([ $name = johndoe ] && echo openai || echo deepseek)-instance", "limit": 10,
                     "time_window": 60}],
      "rejected_code": 429,
      "limit_strategy": "total_tokens"
    }
  }
}
END
    admin consumers/$name/credentials/cred-$name <<END
{"plugins": {"key-auth": {"key": "$name-key"}}}
END
done
admin routes/ai-proxy-multi-route <<END
{
  "uri": "/anything",
  "methods": ["POST"],
  "plugins": {
    "key-auth": {},
    "ai-proxy-multi": {
      "fallback_strategy": ["rate_limiting"],
      "instances": [
        {
          "name": "openai-instance",
          "provider": "openai",
          "weight": 1,
          "priority": 1,
          "auth": {"header": {"Authorization": "Bearer $OPENAI_API_KEY"}},
          "options": {"model": "gpt-4"},
          "override": {"endpoint": "$MODELS"}
        },
        {
          "name": "deepseek-instance",
          "provider": "deepseek",
          "weight": 1,
          "auth": {"header": {"Authorization": "Bearer $DEEPSEEK_API_KEY"}},
          "options": {"model": "deepseek-chat"},
          "override": {"endpoint": "$MODELS"}
        }
      ]
    }
  }
}
END
ask 1
ask 2 -H "apikey: johndoe-key"
ask 2 -H "apikey: janedoe-key"

## a bound of the output
admin routes/ai-proxy-multi-route <<END
{
  "uri": "/anything",
  "methods": ["POST"],
  "plugins": {
    "ai-proxy-multi": {
      "instances": [
        {
          "name": "openai-instance",
          "provider": "openai",
          "weight": 1,
          "auth": {"header": {"Authorization": "Bearer $OPENAI_API_KEY"}},
          "options": {"model": "gpt-4", "max_tokens": 50},
          "override": {"endpoint": "$MODELS"}
        },
        {
          "name": "deepseek-instance",
          "provider": "deepseek",
          "weight": 1,
          "auth": {"header": {"Authorization": "Bearer $DEEPSEEK_API_KEY"}},
          "options": {"model": "deepseek-chat", "max_tokens": 100},
          "override": {"endpoint": "$MODELS"}
        }
      ]
    }
  }
}
END
ask 2

## embeddings
admin routes/ai-proxy-multi-route <<END
{
  "uri": "/embeddings",
  "methods": ["POST"],
  "plugins": {
    "ai-proxy-multi": {
      "instances": [
        {
          "name": "openai-instance",
          "provider": "openai",
          "weight": 1,
          "auth": {"header": {"Authorization": "Bearer $OPENAI_API_KEY"}},
          "options": {"model": "text-embedding-3-small"},
          "override": {"endpoint": "$MODELS/v1/embeddings"}
        },
        {
          "name": "az-openai-instance",
          "provider": "openai-compatible",
          "weight": 1,
          "auth": {"header": {"api-key": "$AZ_OPENAI_API_KEY"}},
          "options": {"model": "text-embedding-3-small"},
          "override": {
            "endpoint": "$MODELS/openai/deployments/text-embedding-3-small/embeddings?api-version=2023-05-15"
          }
        }
      ]
    }
  }
}
END
for turn in 1 2; do
    call "http://127.0.0.1:9080/embeddings" -X POST -H "Content-Type: application/json" \
        -d '{"input": "hello world"}'
done

## by a header
admin routes/ai-proxy-multi-route <<END
{
  "uri": "/anything",
  "plugins": {
    "ai-proxy-multi": {
      "balancer": {"algorithm": "chash", "hash_on": "header", "key": "X-User"},
      "instances": [
        {
          "name": "one",
          "provider": "openai-compatible",
          "weight": 1,
          "auth": {},
          "options": {"model": "one"},
          "override": {"endpoint": "$MODELS"}
        },
        {
          "name": "other",
          "provider": "openai-compatible",
          "weight": 1,
          "auth": {},
          "options": {"model": "other"},
          "override": {"endpoint": "$MODELS"}
        }
      ]
    }
  }
}
END
for user in 1 2 3 4 5 6 7 8; do
    ask 2 -H "X-User: user-$user"
done

## by variables
admin routes/ai-proxy-multi-route <<END
{
  "uri": "/anything",
  "plugins": {
    "ai-proxy-multi": {
      "balancer": {"algorithm": "chash", "hash_on": "vars_combinations", "key": "\$remote_addr\$arg_team"},
      "instances": [
        {
          "name": "one",
          "provider": "openai-compatible",
          "weight": 1,
          "auth": {},
          "options": {"model": "one"},
          "override": {"endpoint": "$MODELS"}
        },
        {
          "name": "other",
          "provider": "openai-compatible",
          "weight": 1,
          "auth": {},
          "options": {"model": "other"},
          "override": {"endpoint": "$MODELS"}
        }
      ]
    }
  }
}
END
for team in 1 2 3 4 5 6 7 8; do
    for turn in 1 2; do
        call "http://127.0.0.1:9080/anything?team=$team" -H "Content-Type: application/json" \
            -d '{"messages": [{"role": "user", "content": "What is 1+1?"}]}'
    done
done

## by consumer
admin routes/ai-proxy-multi-route <<END
{
  "uri": "/anything",
  "plugins": {
    "key-auth": {},
    "ai-proxy-multi": {
      "balancer": {"algorithm": "chash", "hash_on": "consumer"},
      "instances": [
        {
          "name": "one",
          "provider": "openai-compatible",
          "weight": 1,
          "auth": {},
          "options": {"model": "one"},
          "override": {"endpoint": "$MODELS"}
        },
        {
          "name": "other",
          "provider": "openai-compatible",
          "weight": 1,
          "auth": {},
          "options": {"model": "other"},
          "override": {"endpoint": "$MODELS"}
        }
      ]
    }
  }
}
END
for name in 1 2 3 4 5 6 7 8; do
    call -H "X-API-KEY: $admin_key" "http://127.0.0.1:9180/apisix/admin/consumers" -X PUT \
        -d '{"username": "team'"$name"'", "plugins": {"key-auth": {"key": "team'"$name"'-key"}}}'
done
settled
for name in 1 2 3 4 5 6 7 8; do
    ask 2 -H "apikey: team$name-key"
done

## health checks
admin routes/ai-proxy-multi-route <<END
{
  "uri": "/anything",
  "methods": ["POST"],
  "plugins": {
    "ai-proxy-multi": {
      "instances": [
        {
          "name": "sick-instance",
          "provider": "openai-compatible",
          "weight": 8,
          "auth": {"header": {"Authorization": "Bearer sick-key"}},
          "options": {"model": "sick"},
          "override": {"endpoint": "$MODELS/v1/chat/completions"},
          "checks": {
            "active": {
              "type": "http",
              "timeout": 1,
              "http_path": "/ping/sick",
              "req_headers": ["X-Probe: yes"],
              "healthy": {"interval": 1, "http_statuses": [200], "successes": 1},
              "unhealthy": {"interval": 1, "http_statuses": [500], "http_failures": 1}
            }
          }
        },
        {
          "name": "well-instance",
          "provider": "openai-compatible",
          "weight": 2,
          "auth": {"header": {"Authorization": "Bearer well-key"}},
          "options": {"model": "well"},
          "override": {"endpoint": "$MODELS/v1/chat/completions"},
          "checks": {
            "active": {
              "type": "http",
              "http_path": "/ping/well",
              "healthy": {"interval": 1, "http_statuses": [200], "successes": 1},
              "unhealthy": {"interval": 1, "http_statuses": [500], "http_failures": 1}
            }
          }
        }
      ]
    }
  }
}
END

## while one is unwell
ask 5

## when both are well
ask 5

## configurations that are none
admin routes/broken <<END
{"uri": "/broken", "plugins": {"ai-proxy-multi": {"instances": []}}}
END
admin routes/broken <<END
{"uri": "/broken", "plugins": {"ai-proxy-multi": {"instances": [
  {"name": "a", "provider": "openai", "auth": {}}]}}}
END
admin routes/broken <<END
{"uri": "/broken", "plugins": {"ai-proxy-multi": {"instances": [
  {"name": "x", "provider": "openai", "weight": 1, "auth": {}},
  {"name": "y", "provider": "openai", "weight": 1, "auth": {}},
  {"name": "x", "provider": "openai", "weight": 1, "auth": {}}]}}}
END
admin routes/broken <<END
{"uri": "/broken", "plugins": {"ai-proxy-multi": {"balancer": {"algorithm": "chash"}, "instances": [
  {"name": "a", "provider": "openai", "weight": 1, "auth": {}}]}}}
END
admin routes/broken <<END
{"uri": "/broken", "plugins": {"ai-proxy-multi": {"instances": [
  {"name": "a", "provider": "openai", "weight": 1, "auth": {}, "override": {"endpoint": "some-host"}}]}}}
END
