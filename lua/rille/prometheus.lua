--- Metrics in the exposition format of Prometheus. Names are those of Prisma if the metric is the same.

-- Name, type, help, and where the metric is.
local FIGURES = {
  { "rille_pool_connections_open", "gauge", "Open connections of the pool", "pool", "open" },
  { "rille_pool_connections_idle", "gauge", "Idle connections", "pool", "idle" },
  { "rille_pool_connections_busy", "gauge", "Open connections in use", "pool", "in_use" },
  { "rille_pool_connections_limit", "gauge", "Maximum number of open connections", "pool", "size" },
  { "rille_pool_connections_opened_total", "counter", "Connections opened since the pool was created", "pool", "connects" },
  { "rille_client_queries_wait", "gauge", "Calls that wait for a connection", "pool", "waiting" },
  { "rille_pool_waits_total", "counter", "Calls that had to wait for a connection", "pool", "waits" },
  { "rille_pool_wait_ms_total", "counter", "Total milliseconds that calls waited for a connection", "pool", "waited_ms" },
  { "rille_pool_timeouts_total", "counter", "Calls that got no connection in time", "pool", "timeouts" },
  { "rille_client_queries_total", "counter", "Calls that have ended", "calls", "operations" },
  { "rille_datasource_queries_total", "counter", "Statements sent to the database", "calls", "statements" },
  { "rille_round_trips_total", "counter", "How often calls waited for the database", "calls", "round_trips" },
  { "rille_plan_cache_bytes", "gauge", "Bytes of the calls in the plan cache", "plans", "bytes" },
  { "rille_plan_cache_entries", "gauge", "Calls in the plan cache", "plans", "kept" },
  { "rille_plan_cache_hits_total", "counter", "Calls whose plan was in the cache", "plans", "hits" },
  { "rille_plan_cache_misses_total", "counter", "Calls that had to be compiled", "plans", "misses" },
  { "rille_plan_cache_evictions_total", "counter", "Plans removed from the cache", "plans", "evictions" },
  { "rille_events_dropped_total", "counter", "Events that were not read in time", "events", "dropped" },
}

-- Those of a cache, also by model and key.
local CACHE = {
  { "rille_cache_hits_total", "counter", "Answers from the cache", "hits" },
  { "rille_cache_stale_hits_total", "counter", "Old answers given while another caller renewed them", "stale_hits" },
  { "rille_cache_misses_total", "counter", "Answers that were not in the cache", "misses" },
  { "rille_cache_waits_total", "counter", "Calls that waited for the answer of another one", "waits" },
  { "rille_cache_evictions_total", "counter", "Answers removed for others", "evictions" },
  { "rille_cache_entries", "gauge", "Answers in the cache", "entries" },
  { "rille_cache_bytes", "gauge", "Bytes of the cache", "bytes" },
}

local BOUNDS = { "1", "5", "10", "25", "50", "100", "250", "500", "1000", "5000", "+Inf" }

-- The value of a label.
local function quote(text) return '"' .. text:gsub('[\\"\n]', { ["\\"] = "\\\\", ['"'] = '\\"', ["\n"] = "\\n" }) .. '"' end

local function number(n) return n % 1 == 0 and ("%d"):format(n) or (("%.3f"):format(n):gsub(",", ".")) end

local function head(out, name, kind, help)
  out[#out + 1] = ("# HELP %s %s"):format(name, help)
  out[#out + 1] = ("# TYPE %s %s"):format(name, kind)
end

local function labels(action) return ("model=%s,action=%s"):format(quote(action.model or ""), quote(action.action)) end

local function counters(out, actions, name, help, key)
  head(out, name, "counter", help)
  for _, a in ipairs(actions) do out[#out + 1] = ("%s{%s} %s"):format(name, labels(a), number(a[key])) end
end

local function histogram(out, actions)
  local name = "rille_client_queries_duration_histogram_ms"
  head(out, name, "histogram", "Milliseconds that calls took")
  for _, a in ipairs(actions) do
    local sum = 0
    for i, bound in ipairs(BOUNDS) do
      sum = sum + a.buckets[i]
      out[#out + 1] = ('%s_bucket{%s,le="%s"} %d'):format(name, labels(a), bound, sum)
    end
    out[#out + 1] = ("%s_sum{%s} %s"):format(name, labels(a), number(a.duration_ms))
    out[#out + 1] = ("%s_count{%s} %d"):format(name, labels(a), sum)
  end
end

local function cache_figures(out, cache)
  local names = {}
  for name in pairs(cache.by) do names[#names + 1] = name end
  table.sort(names)
  for _, figure in ipairs(CACHE) do
    local metric, key = figure[1], figure[4]
    head(out, metric, figure[2], figure[3])
    out[#out + 1] = ("%s %d"):format(metric, cache[key])
    for _, name in ipairs(names) do out[#out + 1] = ("%s{key=%s} %d"):format(metric, quote(name), cache.by[name][key]) end
  end
end

--- Returns the result of db:metrics() as text.
---@param metrics rille.Metrics
---@return string
return function(metrics)
  local out = {}
  for _, figure in ipairs(FIGURES) do
    local name, kind, help, group, key = figure[1], figure[2], figure[3], figure[4], figure[5]
    head(out, name, kind, help)
    out[#out + 1] = ("%s %d"):format(name, metrics[group][key])
    for i, pool in ipairs(group == "pool" and metrics.replicas or {}) do
      out[#out + 1] = ('%s{replica="%d"} %d'):format(name, i, pool[key])
    end
  end
  if metrics.cache then cache_figures(out, metrics.cache) end
  if #metrics.actions > 0 then
    counters(out, metrics.actions, "rille_client_operations_total", "Calls of each action of each model", "operations")
    counters(out, metrics.actions, "rille_client_errors_total", "Failed calls of each action of each model", "errors")
    histogram(out, metrics.actions)
  end
  return table.concat(out, "\n") .. "\n"
end
