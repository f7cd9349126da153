#!/usr/bin/env ruby
puts File.read(ARGV[0]).length
