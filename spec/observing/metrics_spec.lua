-- Metrics: the table, and the text for Prometheus, which is read here as its format says.
local support = require "support"
local schema = require "lua.blog_schema"

local function labels_of(text)
  local labels, at = {}, 1
  while at <= #text do
    local name, next_at = text:match('^([%a_][%w_]*)="()', at)
    assert(name, "a label: " .. text:sub(at))
    local value = ""
    while true do
      local c = text:sub(next_at, next_at)
      assert(c ~= "" and c ~= "\n", "an open label: " .. text)
      if c == '"' then break end
      if c == "\\" then
        next_at = next_at + 1
        c = assert(({ ["\\"] = "\\", ['"'] = '"', n = "\n" })[text:sub(next_at, next_at)])
      end
      value, next_at = value .. c, next_at + 1
    end
    labels[name] = value
    at = next_at + 1
    if text:sub(at, at) == "," then at = at + 1 end
  end
  return labels
end

-- Families by name: { type, help, samples = { { name, labels, value } } }. Raises where the text breaks the format.
local function parse(text)
  assert(text:sub(-1) == "\n", "the text ends with a line feed")
  local families, current = {}, nil
  for line in text:gmatch "([^\n]*)\n" do
    local help_name, help = line:match "^# HELP ([%a_:][%w_:]*) (.+)$"
    local type_name, kind = line:match "^# TYPE ([%a_:][%w_:]*) (%l+)$"
    if help_name then
      assert(not families[help_name], help_name .. " comes twice")
      families[help_name] = { help = help, samples = {} }
    elseif type_name then
      current = assert(families[type_name], "TYPE without HELP: " .. type_name)
      current.type, current.name = kind, type_name
      assert(({ counter = true, gauge = true, histogram = true })[kind], kind)
    else
      local name, labels, value = line:match "^([%a_:][%w_:]*)(%b{}) (%S+)$"
      if not name then
        name, value = line:match "^([%a_:][%w_:]*) (%S+)$"
        labels = "{}"
      end
      assert(name, "no sample: " .. line)
      local base = current.type == "histogram" and name:gsub("_bucket$", ""):gsub("_sum$", ""):gsub("_count$", "") or name
      assert(base == current.name, name .. " is not of " .. current.name)
      table.insert(current.samples, { name = name, labels = labels_of(labels:sub(2, -2)), value = assert(tonumber(value), value) })
    end
  end
  return families
end

support.each_engine(function(engine)
  local function open(options) return support.open(engine, schema, options) end

  it("counts operations, errors and time by model and action when it is asked for", function()
    local db = open { metrics = true }
    db.user:create { data = { email = "a", name = "A" } }
    support.fails("P2002", db.user.create, db.user, { data = { email = "a", name = "A" } })
    db:with({ tags = { a = "b" } }).user:count()
    db:query_raw "SELECT 1"
    db:batch(function(b)
      b.user:count()
      b.post:count()
    end)
    local by = {}
    for _, action in ipairs(db:metrics().actions) do by[(action.model or "") .. "." .. action.action] = action end
    assert.same({ 2, 1 }, { by["User.create"].operations, by["User.create"].errors })
    assert.same({ 2, 0 }, { by["User.count"].operations, by["User.count"].errors })
    assert.equal(1, by["Post.count"].operations)
    assert.equal(1, by[".query_raw"].operations)
    assert.is_true(by["User.create"].duration_ms > 0)
    local sum = 0
    for _, n in ipairs(by["User.create"].buckets) do sum = sum + n end
    assert.equal(2, sum)
    assert.equal(11, #by["User.create"].buckets)
  end)

  it("counts none of that otherwise, and reports no events for it", function()
    local db = open()
    db.user:count()
    assert.same({}, db:metrics().actions)
    assert.equal(0, db:metrics().events.dropped)
    local other = open { metrics = true }
    for _ = 1, 2000 do other.user:count() end
    assert.equal(0, other:metrics().events.dropped)
  end)

  it("is valid for Prometheus", function()
    local db = open { metrics = true }
    for i = 1, 3 do db.user:create { data = { email = "a" .. i, name = "A" } } end
    db:query_raw "SELECT 1"
    local metrics, families = db:metrics(), parse(db:metrics "prometheus")
    assert.equal(metrics.pool.open, families.rille_pool_connections_open.samples[1].value)
    assert.equal(metrics.calls.statements, families.rille_datasource_queries_total.samples[1].value)
    assert.equal("gauge", families.rille_pool_connections_idle.type)
    for name, family in pairs(families) do
      assert.is_truthy(family.type, name)
      assert.matches("^rille_", name)
      if family.type == "counter" then assert.matches("_total$", name) end
    end
    local counts, last = {}, {}
    for _, sample in ipairs(families.rille_client_queries_duration_histogram_ms.samples) do
      local key = sample.labels.model .. "." .. sample.labels.action
      if sample.labels.le then
        assert.is_true(sample.value >= (last[key] or 0), "buckets grow")
        last[key] = sample.value
        counts[key] = sample.labels.le == "+Inf" and sample.value or counts[key]
      elseif sample.name:match "_count$" then
        assert.equal(counts[key], sample.value)
      end
    end
    assert.equal(3, counts["User.create"])
    assert.equal(1, counts[".query_raw"])
    parse(open():metrics "prometheus")
  end)

  it("knows no other format", function()
    local db = open()
    assert.matches("prometheus", support.fails("VALIDATION", db.metrics, db, "json").message)
    support.fails("VALIDATION", db.metrics, db, {})
    support.fails("VALIDATION", open, { metrics = "yes" })
  end)
end)
