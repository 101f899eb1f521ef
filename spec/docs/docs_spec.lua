-- Every example of the documentation does what it shows, on every database.
local pages = require "docs.pages"
local rille = require "rille"
local support = require "support"

local PAGES = { "README.md" }
for path in assert(io.popen "ls docs/*.md"):lines() do PAGES[#PAGES + 1] = path end

local ENGINE_WORD = { ["sqlite"] = "sqlite-only", postgresql = "postgres-only" }

local function is_for(block, engine)
  for name, word in pairs(ENGINE_WORD) do
    if name ~= engine and block.words[word] then return false end
  end
  return true
end

local function where(path, block) return ("%s:%d"):format(path, block.line) end

-- What print writes, as the pages show it: two spaces for a tab.
local function shown(...)
  local texts = table.pack(...)
  for i = 1, texts.n do texts[i] = tostring(texts[i]) end
  return table.concat(texts, "  ", 1, texts.n)
end

-- A schema, or a part of one, is valid for each database unless the page says for which.
local function validate(block, provider)
  local text = block.text
  if not text:find "\n?datasource " then text = text .. ('datasource db {\n  provider = "%s"\n}\n'):format(provider) end
  return rille.validate(text)
end

local function diagnostics_text(diagnostics)
  local lines = {}
  for i, d in ipairs(diagnostics) do lines[i] = ("%d:%d: %s\n"):format(d.line, d.column, d.message) end
  return table.concat(lines)
end

local function check_prisma(path, block, after)
  for _, provider in ipairs { "sqlite", "postgresql" } do
    if is_for(block, provider) then
      local ok, diagnostics = validate(block, provider)
      if not block.words.wrong then
        assert.equal("", ok and "" or diagnostics_text(diagnostics), where(path, block))
      else
        assert.is_nil(ok, where(path, block) .. " is valid")
        assert.equal("text", after and after.language, where(path, block) .. " shows no diagnostics")
        assert.equal(after.text, diagnostics_text(diagnostics), where(path, after))
      end
    end
  end
end

-- Runs Lua code in which print is compared with the comments of its line.
local function run(path, block, env)
  local expected, printed = pages.expectations(block), {}
  env.print = function(...)
    local line = debug.getinfo(2, "l").currentline
    printed[line] = printed[line] or {}
    table.insert(printed[line], shown(...))
  end
  assert(load(block.text, "=" .. where(path, block), "t", env))()
  for line, texts in pairs(expected) do assert.same(texts, printed[line], ("%s:%d"):format(path, block.line + line - 1)) end
end

local function run_program(path, block, schema, url)
  local folder = support.folder()
  support.write(folder .. "/main.lua", block.text)
  if schema then support.write(folder .. "/schema.prisma", schema.text) end
  local pipe = assert(io.popen(("cd '%s' && DATABASE_URL='%s' lua5.4 main.lua 2>&1"):format(folder, url)))
  local output = pipe:read("a"):gsub("\t", "  ")
  pipe:close()
  local lines = {}
  for text in block.text:gmatch "%-%-> ([^\n]*)" do lines[#lines + 1] = text .. "\n" end
  assert.equal(table.concat(lines), output, where(path, block))
end

-- The schema and the seed that a Lua block of a page has; both may be missing.
local function surroundings(blocks, index)
  local schema, seed
  for i = 1, index - 1 do
    local b = blocks[i]
    if b.words.schema then schema = b end
  end
  local use = blocks[index].words.use
  for _, b in ipairs(blocks) do
    if use and b.words.schema == use then schema = b end
  end
  local current
  for i = 1, index - 1 do
    local b = blocks[i]
    if b.words.schema then current = b end
    if b.words.seed and current == schema then seed = b end
  end
  return schema, seed
end

describe("the documentation", function()
  for _, path in ipairs(PAGES) do
    local blocks = pages.blocks(path)
    describe(path, function()
      for i, block in ipairs(blocks) do
        if block.language == "prisma" then
          it("has a schema at line " .. block.line, function() check_prisma(path, block, blocks[i + 1]) end)
        elseif block.words.from then
          it("quotes " .. block.words.from .. " at line " .. block.line, function()
            assert.truthy(pages.read(block.words.from):find(block.text, 1, true), where(path, block))
          end)
        end
      end
    end)
  end

  support.each_engine(function(engine)
    local url
    setup(function() url = support.database(engine) end)
    for _, path in ipairs(PAGES) do
      local blocks = pages.blocks(path)
      for i, block in ipairs(blocks) do
        if block.language == "lua" and not block.words.from and is_for(block, engine) then
          local schema, seed = surroundings(blocks, i)
          it("does what it shows: " .. where(path, block), function()
            if schema then rille.push { schema_text = schema.text, url = url, reset = true } end
            if block.words.program then return run_program(path, block, schema, url) end
            local db = schema and rille.connect { schema_text = schema.text, url = url, cache = schema.words.cache }
            local env = setmetatable({ db = db, rille = rille, url = url, schema = schema and schema.text }, { __index = _G })
            if seed then run(path, seed, env) end
            run(path, block, env)
            if db then db:close() end
          end)
        end
      end
    end
  end, true)
end)

describe("what is made from the table of error codes", function()
  local function made(option)
    local pipe = assert(io.popen("lua5.4 core/tools/errors.lua " .. (option or "")))
    local text = pipe:read "a"
    assert.is_true(pipe:close())
    return text
  end

  local codes = {}
  for line in io.lines "core/src/base/error_codes.def" do codes[#codes + 1] = line:match "^RL_CODE%(([%w_]+)," end

  it("is up to date: docs/errors.md", function() assert.equal(made(), pages.read "docs/errors.md") end)
  it("is up to date: lua/rille/codes.lua", function() assert.equal(made "--lua", pages.read "lua/rille/codes.lua") end)

  it("has every code", function()
    local page, known = pages.read "docs/errors.md", require "rille.codes"
    assert.is_true(#codes > 50)
    for _, code in ipairs(codes) do
      assert.truthy(page:find("\n### " .. code .. "\n", 1, true), code)
      assert.is_string(known[code].kind)
    end
  end)

  it("calls no code unused that the core raises", function()
    local pipe = assert(io.popen "grep -rhoE 'RL_P[0-9]{4}' core/src --include='*.c' | sort -u")
    local raised = pipe:read "a"
    pipe:close()
    local code
    for line in io.lines "docs/errors.md" do
      code = line:match "^### (%w+)$" or code
      if line:find "^Not raised by this version" then
        assert.is_nil(raised:find("RL_" .. code, 1, true), code .. " needs words in core/tools/errors.lua")
      end
    end
  end)
end)

it("README.md shows examples/quickstart.lua", function()
  local found = false
  for _, block in ipairs(pages.blocks "README.md") do
    if block.language == "lua" and block.words.from == nil then found = found or block.text == pages.read "examples/quickstart.lua" end
  end
  assert.is_true(found)
end)
