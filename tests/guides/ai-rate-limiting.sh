# What the document of ai-rate-limiting shows, a section per example: the calls of a reader of it, with this
# test's upstream in the place of vendors.

# ask <times> [more arguments]: eleven tokens in and seven out, each time.
ask() {
    local times=$1 && shift
    for ((i = 0; i < times; i++)); do
        call "http://127.0.0.1:9080/anything" -X POST -H "Content-Type: application/json" "$@" \
            -d '{"max_tokens": 7, "messages": [{"role": "user", "content": "Explain Newtons laws of motion."}]}'
    done
}

# route <more members of ai-proxy-multi> <ai-rate-limiting>: two instances, the first one first.
route() {
    admin routes/ai-rate-limiting-route <<END
{
  "uri": "/anything",
  "methods": ["POST"],
  "plugins": {
    "ai-proxy-multi": {
      $1
      "instances": [
        {
          "name": "deepseek-instance",
          "provider": "deepseek",
          "priority": 1,
          "weight": 1,
          "auth": {"header": {"Authorization": "Bearer $DEEPSEEK_API_KEY"}},
          "options": {"model": "deepseek-chat"},
          "override": {"endpoint": "$MODELS"}
        },
        {
          "name": "openai-instance",
          "provider": "openai",
          "weight": 1,
          "auth": {"header": {"Authorization": "Bearer $OPENAI_API_KEY"}},
          "options": {"model": "gpt-4"},
          "override": {"endpoint": "$MODELS"}
        }
      ]
    },
    "ai-rate-limiting": $2
  }
}
END
}

## one instance
admin routes/ai-rate-limiting-route <<END
{
  "uri": "/anything",
  "methods": ["POST"],
  "plugins": {
    "ai-proxy": {
      "provider": "openai",
      "auth": {"header": {"Authorization": "Bearer $OPENAI_API_KEY"}},
      "options": {"model": "gpt-4"},
      "override": {"endpoint": "$MODELS"}
    },
    "ai-rate-limiting": {"limit": 33, "time_window": 60, "limit_strategy": "prompt_tokens"}
  }
}
END
ask 4 -i

## one of several instances
route '' '{"instances": [{"name": "deepseek-instance", "limit": 18, "time_window": 60}]}'
ask 2

## one of several instances, and on to the next
route '"fallback_strategy": ["rate_limiting"],' \
    '{"instances": [{"name": "deepseek-instance", "limit": 18, "time_window": 30}]}'
ask 2

## the same for all instances
route '"fallback_strategy": "instance_health_and_rate_limiting",' \
    '{"limit": 18, "time_window": 60, "rejected_code": 429, "rejected_msg": "no tokens left"}'
ask 3 -i

## by what a header says
route '' '{"rules": [{"key": "${http_x_team}", "count": "${http_x_count ?? 18}", "time_window": 60,
                      "header_prefix": "team"}]}'
ask 2 -i -H "X-Team: blue"
ask 2 -H "X-Team: red" -H "X-Count: 36"
ask 1

## streams
route '' '{"limit": 18, "time_window": 90, "limit_strategy": "total_tokens", "rejected_code": 429}'
for turn in 1 2; do
    call -N "http://127.0.0.1:9080/anything" -X POST -H "Content-Type: application/json" \
        -d '{"stream": true, "max_tokens": 7, "messages": [{"role": "user", "content": "What is 1+1?"}]}'
done

## requests beside tokens
route '' '{"limit": 1000, "time_window": 60}'
admin services/limited <<END
{"plugins": {"limit-count": {"count": 2, "time_window": 60, "rejected_code": 429, "key": "remote_addr"}}}
END
call -H "X-API-KEY: $admin_key" "http://127.0.0.1:9180/apisix/admin/routes/ai-rate-limiting-route" -X PATCH \
    -d '{"service_id": "limited"}'
settled
ask 3 -i

## configurations that are none
admin routes/broken <<END
{"uri": "/broken", "plugins": {"ai-rate-limiting": {"limit": 10}}}
END
admin routes/broken <<END
{"uri": "/broken", "plugins": {"ai-rate-limiting": {"time_window": 10}}}
END
admin routes/broken <<END
{"uri": "/broken", "plugins": {"ai-rate-limiting": {"limit": 10, "time_window": 10,
  "rules": [{"key": "a", "count": 1, "time_window": 1}]}}}
END
admin routes/broken <<END
{"uri": "/broken", "plugins": {"ai-rate-limiting": {"limit": 0, "time_window": 10}}}
END
