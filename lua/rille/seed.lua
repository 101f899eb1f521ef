--- Rows for development and tests: generated data that depends on a seed, and factories by model.
---
---     local seed = require("rille").seed
---     local f = seed.new { db = db, seed = 42 }
---     f:define("user", { name = seed.name, posts = seed.many("post", 3) })
---     f:create("user", 100)
local errors = require "rille.errors"
local factory = require "rille.seed.factory"
local fake = require "rille.seed.fake"
local random = require "rille.seed.random"

local seed = { new = factory.new, many = factory.many, one = factory.one, pick = factory.pick }

--- Returns a source of random numbers and generated data: `seed.source(42):name()`.
---@param ... string|number
function seed.source(...) return random.new(...) end

-- Each kind of data is a generator: seed.name is one, and so is seed.words(5), seed.int(1, 10).
local generator = { __call = function(self, first, ...)
  if getmetatable(first) == random then return first[self.name](first) end
  local arguments = { n = select("#", ...) + 1, first, ... }
  local unpack = table.unpack or unpack -- luacheck: ignore unpack
  return function(g) return g[self.name](g, unpack(arguments, 1, arguments.n)) end
end }

local function of_kind(name)
  local plain = setmetatable({ name = name }, generator)
  return function(...) return plain(...) end
end

for name in pairs(fake) do seed[name] = of_kind(name) end
for _, name in ipairs { "int", "float", "boolean", "choice", "weighted", "sample" } do seed[name] = of_kind(name) end

local function value_of(from, g)
  if type(from) == "function" then return from(g) end
  return from
end

--- Returns a generator that gives no value twice: `seed.unique(seed.word)`.
---@param from function
function seed.unique(from)
  if type(from) ~= "function" then errors.raise("VALIDATION", "seed.unique: expected a generator, as in seed.word") end
  local seen = {}
  return function(g)
    for _ = 1, 1000 do
      local value = from(g)
      if not seen[value] then
        seen[value] = true
        return value
      end
    end
    return errors.raise("VALIDATION", "seed.unique: a thousand values in a row were not new; the generator has no more values")
  end
end

--- Returns a generator that gives a value with the probability p (one half), and otherwise nothing (NULL).
---@param from any a generator or a value
---@param p? number
function seed.maybe(from, p)
  return function(g)
    if g:boolean(p) then return value_of(from, g) end
    return nil
  end
end

--- Returns a generator that counts: `seed.sequence "user%d@example.com"`, or a function of the number.
---@param format string|fun(n: integer): any
function seed.sequence(format)
  local n = 0
  return function()
    n = n + 1
    if type(format) == "function" then return format(n) end
    return (format:format(n))
  end
end

return seed
