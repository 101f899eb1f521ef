-- Structures of all kinds: a database of rille's is its own to Prisma, whose client uses every model of it, and one of Prisma's is to rille.
local real = require "prisma.real"
local rille = require "rille"
local schemas = require "support.schemas"
local support = require "support"

-- Prisma does not double the quotes in texts and names, so that its SQL is none.
local function has_quotes(text) return text:find("it's", 1, true) or text:find('\\"id\\"', 1, true) end

-- On SQLite its key for a BigInt that counts does not count; rille's does (see docs/migrations.md).
local function counts_big(engine, text) return engine == "sqlite" and text:find("id BigInt @id @default(autoincrement())", 1, true) end

local BEFORE = "model A {\n  id Int @id\n  n Int?\n  gone Int\n  bs B[]\n}\n"
  .. "model B {\n  id Int @id\n  aId Int\n  a A @relation(fields: [aId], references: [id])\n}\n"
local AFTER = "model A {\n  id Int @id\n  n Int @default(3)\n  /// @renamed-from gone\n  kept BigInt @unique\n  cs C[]\n}\n"
  .. "/// @renamed-from B\nmodel C {\n  id Int @id\n  aId Int?\n  a A? @relation(fields: [aId], references: [id])\n  @@index([aId])\n}\n"

local function camel(name) return name:sub(1, 1):lower() .. name:sub(2) end

real.each_engine(function(engine)
  local found, places = schemas.of(engine), {}

  -- An empty database. On PostgreSQL those of one number are the same one, emptied: to make and drop hundreds takes minutes.
  local function fresh(i)
    if engine == "sqlite" or not places[i] then places[i] = support.database(engine) end
    if engine == "postgresql" then
      real.run(places[i], "DROP SCHEMA IF EXISTS public, one, two CASCADE; CREATE SCHEMA public; DROP TABLE IF EXISTS _prisma_migrations")
    end
    return places[i]
  end

  local function push(text, url) rille.push { schema_text = text, url = url } end
  local function migrate(text, url)
    local shadow = engine == "postgresql" and fresh "shadow" or nil
    local made = rille.migrate.dev { schema_text = text, url = url, migrations = support.folder() .. "/migrations", name = "init", shadow_url = shadow }
    assert(#made.applied == 1)
  end

  local function view(one, url)
    if one.name == "views" then real.run(url, 'CREATE VIEW "V" AS SELECT "id", "n" FROM "A"') end
  end

  -- For each schema what check() finds wrong with it, all of it and not only the first.
  local function check_all(check)
    local wrong = {}
    for i, one in ipairs(found) do
      local problem = check(i, schemas.text(one, engine), one)
      if problem then wrong[#wrong + 1] = ("%s: %s"):format(one.name, problem) end
    end
    assert(#wrong == 0, ("%d of %d:\n%s"):format(#wrong, #found, table.concat(wrong, "\n")))
  end

  -- Whether Prisma says the same of a database that it made itself, or cannot make one: then it is nothing that rille could do better.
  local function says_it_of_its_own(answer, op, text)
    if has_quotes(text) then return true end
    local url = support.database(engine)
    local own = real.ask { real.job("push", engine, url, text), real.job(op, engine, url, text) }
    assert(own[1].ok, tostring(own[1].error))
    if op == "use" then return table.concat(own[2].ok.errors) == table.concat(answer.ok.errors) end
    local function nameless(e) return e and e:gsub('"[^"]*"', "") end -- the first one that it stumbles over
    return own[2].ok == answer.ok and nameless(own[2].error) == nameless(answer.error)
  end

  local function expect_nothing(answer, text)
    if real.is_nothing(answer) or says_it_of_its_own(answer, "diff", text) then return nil end
    if counts_big(engine, text) and answer.ok and answer.ok:find('"id" BIGINT NOT NULL PRIMARY KEY', 1, true) then return nil end
    return text .. tostring(answer.ok or answer.error)
  end

  -- Every second one is migrated, on the other engine the other ones; with RILLE_LONG all are pushed, and all are migrated.
  for _, first in ipairs(os.getenv "RILLE_LONG" and { push, migrate } or { engine == "sqlite" and push or migrate }) do
    describe("what rille pushed or migrated", function()
      local diffs, pulls, pulled, uses, urls = {}, {}, {}, {}, {}

      setup(function()
        local jobs, second = {}, os.getenv "RILLE_LONG" and first or first == push and migrate or push
        for i, one in ipairs(found) do
          local text, url = schemas.text(one, engine), fresh(i)
          if i % 2 == 0 then first(text, url) else second(text, url) end
          view(one, url)
          urls[i] = url
          local more = { namespaces = one.schemas and rille.array(one.schemas) }
          -- with the head that has the preview features, without which Prisma refuses to read a `where`
          local head = schemas.text({ body = "", more = one.more }, engine)
          local mine = rille.pull { url = url, schemas = one.schemas }
          jobs[4 * i - 3] = real.job("diff", engine, url, text, more)
          jobs[4 * i - 2] = real.job("diff", engine, url, head .. mine:match "^datasource.-\n}\n(.*)$", more)
          jobs[4 * i - 1] = real.job("pull", engine, url, head, more)
          jobs[4 * i] = real.job("use", engine, url, text, { views = rille.array(one.name == "views" and { "V" } or {}) })
        end
        for i, answer in ipairs(real.ask(jobs)) do
          local at = (i + 3) // 4
          local kind = ({ diffs, pulled, pulls, uses })[(i - 1) % 4 + 1]
          kind[at] = answer
        end
      end)

      it("is as Prisma would have it", function()
        check_all(function(i, text) return expect_nothing(diffs[i], text) end)
      end)

      it("is as Prisma would have it when rille has pulled it", function()
        check_all(function(i, text) return expect_nothing(pulled[i], text) end)
      end)

      it("is what Prisma pulls", function()
        local compared = 0
        check_all(function(i, _, one)
          local text = pulls[i].ok and pulls[i].ok.schema
          if not text then return engine == "postgresql" and tostring(pulls[i].error) or nil end -- partial indexes, which its adapter cannot read
          -- Prisma leaves out fields whose names it cannot write, and takes any default of a key for a number that it counts
          if text:find("was commented out", 1, true) or one.name == "an id with a default" or not rille.validate(text) then return nil end
          compared = compared + 1
          local rest = real.difference(urls[i], text)
          if rest ~= "" then return text .. rest end
        end)
        assert(compared >= #found - 6, compared .. " of " .. #found)
      end)

      it("is used by Prisma Client, every model, and rille reads the same rows", function()
        local calls, rows = 0, 0
        check_all(function(i, text)
          local used = uses[i].ok
          if not used then return tostring(uses[i].error) end
          calls = calls + used.done
          if #used.errors > 0 and not says_it_of_its_own(uses[i], "use", text) then return table.concat(used.errors, "\n") end
          if #used.errors > 0 and has_quotes(text) then return nil end
          local db = support.connect(urls[i], text)
          for name, list in pairs(used.rows) do
            local args = used.args[name]
            local mine = db[camel(name)]:find_many { include = args.include, order_by = args.orderBy }
            rows = rows + #list
            local problem = real.unlike(mine, list)
            if problem then return ("%s%s"):format(name, problem) end
          end
        end)
        assert(calls >= 250 and rows >= 100, calls .. " calls, " .. rows .. " rows")
      end)
    end)
  end

  it("what rille changed is as Prisma would have it", function()
    local before, after = schemas.text({ body = BEFORE }, engine), schemas.text({ body = AFTER }, engine)
    local url, other, folder = fresh(1), fresh(2), support.folder() .. "/migrations"
    push(before, url)
    push(after, url)
    for i, text in ipairs { before, after } do
      rille.migrate.dev { schema_text = text, url = other, migrations = folder, name = "step " .. i, accept_data_loss = true }
    end
    for _, answer in ipairs(real.ask { real.job("diff", engine, url, after), real.job("diff", engine, other, after) }) do
      assert.is_nil(expect_nothing(answer, after))
    end
  end)

  it("what Prisma's own SQL made is no difference to rille", function()
    local jobs, made = {}, 0
    for i, one in ipairs(found) do jobs[i] = real.job("ddl", engine, fresh(i), schemas.text(one, engine)) end
    local answers = real.ask(jobs)
    check_all(function(i, text, one)
      if not answers[i].ok then return tostring(answers[i].error) end
      local ok, e = pcall(real.run, places[i], answers[i].ok)
      if not ok then return not has_quotes(text) and tostring(e) or nil end
      made = made + 1
      view(one, places[i])
      local rest = real.difference(places[i], text)
      if rest ~= "" and not counts_big(engine, text) then return answers[i].ok .. rest end
    end)
    assert(made >= #found - 3, made .. " of " .. #found)
  end)
end, true)
